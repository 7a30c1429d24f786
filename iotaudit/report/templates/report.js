"use strict";
(() => {
  const table = document.getElementById("destinations");
  const controls = document.querySelector(".controls");
  if (table && controls) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const search = document.getElementById("search");
    const zone = document.getElementById("zone");
    const shown = document.getElementById("shown");
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const fits = (!zone.value || row.dataset.zone === zone.value) && words.every((w) => row.dataset.find.includes(w));
        row.hidden = !fits;
        count += fits ? 1 : 0;
      }
      shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
    };
    controls.hidden = false;
    search.addEventListener("input", filter);
    zone.addEventListener("change", filter);
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        const key = (row) => {
          const cell = row.cells[column];
          return head.dataset.sort === "number" ? Number(cell.dataset.value) : cell.textContent.trim();
        };
        const order = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
        rows.sort((a, b) => (up ? 1 : -1) * order(key(a), key(b)));
        body.append(...rows);
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
      });
    });
  }
  for (const place of document.querySelectorAll(".filter")) {
    const code = place.querySelector("code");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      const done = () => {
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      };
      const select = () => {
        const range = document.createRange();
        range.selectNodeContents(code);
        const selection = window.getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
      };
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
      else select();
    });
    place.append(button);
  }
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  window.addEventListener("hashchange", open);
  open();
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
})();
