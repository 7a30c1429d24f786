"""Recording a session on a lab network (`iotaudit capture`): an interface, a proxy, or both. See docs/capture.md."""
