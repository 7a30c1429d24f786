"""Pure bytes to values and back: bounded decompression, base64, QUIC keys; nothing here knows a stage."""
