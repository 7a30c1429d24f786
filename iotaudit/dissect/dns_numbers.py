"""The numbers of DNS: record types, result codes, opcodes and classes.

Source: IANA, "Domain Name System (DNS) Parameters" (https://www.iana.org/assignments/dns-parameters).
"""

RESPONSE = 0x8000
RESERVED = 0x40
OPCODES = frozenset({0, 1, 2, 4, 5, 6})
TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    17: "RP",
    18: "AFSDB",
    24: "SIG",
    25: "KEY",
    28: "AAAA",
    29: "LOC",
    32: "NIMLOC",
    33: "SRV",
    35: "NAPTR",
    36: "KX",
    37: "CERT",
    38: "A6",
    39: "DNAME",
    41: "OPT",
    42: "APL",
    43: "DS",
    44: "SSHFP",
    45: "IPSECKEY",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    49: "DHCID",
    50: "NSEC3",
    51: "NSEC3PARAM",
    52: "TLSA",
    53: "SMIMEA",
    55: "HIP",
    59: "CDS",
    60: "CDNSKEY",
    61: "OPENPGPKEY",
    62: "CSYNC",
    63: "ZONEMD",
    64: "SVCB",
    65: "HTTPS",
    99: "SPF",
    108: "EUI48",
    109: "EUI64",
    249: "TKEY",
    250: "TSIG",
    251: "IXFR",
    252: "AXFR",
    255: "ANY",
    256: "URI",
    257: "CAA",
    32768: "TA",
    32769: "DLV",
}
RCODES = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    7: "YXRRSET",
    8: "NXRRSET",
    9: "NOTAUTH",
    10: "NOTZONE",
    11: "DSOTYPENI",
    16: "BADVERS",
    17: "BADKEY",
    18: "BADTIME",
    19: "BADMODE",
    20: "BADNAME",
    21: "BADALG",
    22: "BADTRUNC",
    23: "BADCOOKIE",
}
CLASSES = frozenset({1, 3, 4, 254, 255})
KNOWN_TYPES = frozenset(TYPES.values())


def flags_fit(flags: int) -> bool:
    """Says whether the flags are those of an assigned opcode, with an assigned result and the reserved bit clear."""
    if flags >> 11 & 15 not in OPCODES or flags & RESERVED:
        return False
    rcode = flags & 15
    return rcode in RCODES if flags & RESPONSE else rcode == 0


def type_text(number: int) -> str:
    """Gives the text of a record type, `TYPE<n>` (RFC 3597) where it has none here."""
    return TYPES.get(number) or f"TYPE{number}"
