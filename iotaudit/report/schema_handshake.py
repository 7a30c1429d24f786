"""The form of what a handshake showed: `flows[].tls` of `audit.json`."""

from iotaudit.model.flows import WEAKNESSES
from iotaudit.report.schema_parts import (
    FLAG,
    FLAG_OR_NULL,
    SIZE_OR_NULL,
    TEXT_OR_NULL,
    Schema,
    list_of,
    ref_to,
    row_of,
)


def make() -> Schema:
    """Gives the form of the row; docs/protocols/tls.md says what its words mean."""
    certificate = {
        "subject_cn": TEXT_OR_NULL,
        "subject_o": TEXT_OR_NULL,
        "issuer_cn": TEXT_OR_NULL,
        "sans": ref_to("ids"),
        "not_before": ref_to("time", or_null=True),
        "not_after": ref_to("time", or_null=True),
        "self_signed": FLAG,
        "packet": ref_to("packet"),
        "validity": {
            "enum": ["valid", "not_yet", "expired", None],
            "description": "At the time of its packet; null: not known.",
        },
        "key_kind": {**TEXT_OR_NULL, "description": "rsa, ec, dsa, ed25519, ed448; null: another."},
        "key_bits": {**SIZE_OR_NULL, "description": "Bits of the modulus or of the field."},
        "signature_hash": {**TEXT_OR_NULL, "description": "The hash in the signature's name; null: none, or another."},
        "chain": list_of(
            TEXT_OR_NULL, "The issuer's common name of each certificate as sent, the leaf's first; not verified."
        ),
        "chain_in_order": {**FLAG, "description": "Each certificate is signed in the name of the next one sent."},
    }
    tls = {
        "sni": TEXT_OR_NULL,
        "alpn": ref_to("ids"),
        "version": TEXT_OR_NULL,
        "cipher": TEXT_OR_NULL,
        "ja4": TEXT_OR_NULL,
        "ech": {
            **FLAG,
            "description": "The hello hides the name of the destination; `sni` is that of the front.",
        },
        "certificate": {"anyOf": [row_of(certificate), {"type": "null"}]},
        "retry": {**FLAG, "description": "The server asked for a second hello."},
        "resumed": {
            **FLAG_OR_NULL,
            "description": "The server took up an earlier session, or in TLS 1.3 a shared key; null: its hello was not seen.",
        },
        "weak": list_of(
            {"enum": list(WEAKNESSES)},
            "What was seen in the clear and is weak, by the ids of docs/protocols/tls.md; [] is no praise.",
        ),
    }
    return row_of(tls)
