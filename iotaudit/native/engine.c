/* The hot loops of the packet reader, in plain C: what iotaudit.capture and iotaudit.assemble do with numpy, with the
 * same results. No Python.h; arrays come as pointers with their lengths (see library.py, which allocates them).
 *
 * Every function checks what it reads: `size` is the length of `bytes` that may be read, and an offset or length
 * from a capture is only believed within it. Words are read byte by byte, so alignment and byte order of the host
 * do not matter. No function keeps a state or allocates memory.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#ifndef ENGINE_SOURCE
#define ENGINE_SOURCE 0
#endif

/* Counts up with every change of a signature or of a meaning; library.py expects the same number. */
#define ENGINE_VERSION 1

enum { STOP_NEED_MORE = 0, STOP_BAD = 1 };

static inline uint32_t read32(const uint8_t *p, int big_endian)
{
    if (big_endian)
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
    return read32(p, 1);
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static inline uint64_t be48(const uint8_t *p)
{
    return (uint64_t)be16(p) << 32 | be32(p + 2);
}

static inline uint64_t le64(const uint8_t *p)
{
    return (uint64_t)read32(p + 4, 0) << 32 | read32(p, 0);
}

enum { AHEAD_LEN = 8192, LINE_LEN = 64 };

/* Asks for the bytes before they are needed. A chain of records cannot be foreseen, so its every step would wait for
 * memory; the bytes that it runs through can. `asked` says how far they were asked for. */
static inline void ask_ahead(const uint8_t *bytes, int64_t size, int64_t place, int64_t *asked)
{
#if defined(__GNUC__)
    int64_t until = size - place > AHEAD_LEN ? place + AHEAD_LEN : size;
    if (*asked < place)
        *asked = place;
    for (; *asked < until; *asked += LINE_LEN)
        __builtin_prefetch(bytes + *asked);
#else
    (void)bytes, (void)size, (void)place, (void)asked;
#endif
}

EXPORT int32_t iotaudit_engine_version(void)
{
    return ENGINE_VERSION;
}

/* CRC-32 of this file, by which a test tells a library that was built from an older one. */
EXPORT uint32_t iotaudit_engine_source(void)
{
    return ENGINE_SOURCE;
}

/* ---- capture: records ------------------------------------------------------------------------------------------ */

/* Finds the records of a pcap file in bytes[start:size]; see capture/pcap.py, offsets.
 * result: next_at, stop, need_len. Gives their number, at most `room`; stops there as if the bytes ended. */
EXPORT int64_t iotaudit_scan_pcap(const uint8_t *bytes, int64_t size, int64_t start, int64_t header_len,
                                  int64_t length_at, int64_t limit_len, int32_t big_endian, int64_t *at,
                                  int64_t *sizes, int64_t room, int64_t *result)
{
    int64_t count = 0, place = start, asked = start;
    result[1] = STOP_NEED_MORE;
    result[2] = header_len;
    while (start >= 0 && count < room && place <= size - length_at - 4) {
        ask_ahead(bytes, size, place, &asked);
        int64_t length = header_len + (int64_t)read32(bytes + place + length_at, big_endian);
        if (length - header_len > limit_len) {
            result[1] = STOP_BAD;
            result[2] = 0;
            break;
        }
        if (length > size - place) {
            result[2] = length;
            break;
        }
        at[count] = place;
        sizes[count] = length;
        count++;
        place += length;
    }
    result[0] = place;
    return count;
}

/* Finds the blocks of a pcapng section in bytes[start:size]; see capture/pcapng.py, offsets. As above. */
EXPORT int64_t iotaudit_scan_pcapng(const uint8_t *bytes, int64_t size, int64_t start, int64_t least_len,
                                    int64_t limit_len, int32_t big_endian, int64_t *at, int64_t *sizes,
                                    int64_t room, int64_t *result)
{
    int64_t count = 0, place = start, asked = start;
    result[1] = STOP_NEED_MORE;
    result[2] = least_len;
    while (start >= 0 && count < room && place <= size - 8) {
        ask_ahead(bytes, size, place, &asked);
        int64_t stated = read32(bytes + place + 4, big_endian), length = (stated + 3) & ~(int64_t)3;
        int inside = length <= size - place;
        if (stated < least_len || stated > limit_len ||
            (inside && (int64_t)read32(bytes + place + length - 4, big_endian) != stated)) {
            result[1] = STOP_BAD;
            result[2] = 0;
            break;
        }
        if (!inside) {
            result[2] = length;
            break;
        }
        at[count] = place;
        sizes[count] = length;
        count++;
        place += length;
    }
    result[0] = place;
    return count;
}

/* Reads `width` 32-bit words from each offset, word by word: words[w * count + i]. Gives 0, or -1 where an offset
 * leads outside. */
EXPORT int32_t iotaudit_words(const uint8_t *bytes, int64_t size, const int64_t *at, int64_t count, int64_t width,
                              int32_t big_endian, int64_t *words)
{
    for (int64_t i = 0; i < count; i++) {
        if (at[i] < 0 || at[i] > size - 4 * width)
            return -1;
        for (int64_t w = 0; w < width; w++)
            words[w * count + i] = read32(bytes + at[i] + 4 * w, big_endian);
    }
    return 0;
}

/* ---- capture: frames ------------------------------------------------------------------------------------------- */

/* Columns of one batch (in) and of its packet table (out); the order is that of `_FRAME_COLUMNS` and `_ROW_COLUMNS` in library.py. */
struct frames {
    const uint8_t *bytes;
    int64_t size;
    int64_t count;
    const int64_t *number, *time_ns, *wire_len, *captured_len, *frame_at;
    const int32_t *link_type;
    const uint8_t *is_tunnel_port; /* 65536 */
};

struct rows {
    int64_t count;
    int64_t *number, *time_ns, *wire_len, *captured_len, *frame_at;
    uint8_t *layer, *ip_version, *protocol;
    uint64_t *src_hi, *src_lo, *dst_hi, *dst_lo;
    uint16_t *src_port, *dst_port;
    uint8_t *tcp_flags;
    uint32_t *tcp_seq, *tcp_ack;
    int64_t *payload_at, *payload_len, *payload_captured;
    uint64_t *src_mac, *dst_mac;
    uint8_t *frag;
    uint32_t *frag_id;
    int64_t *frag_at;
    uint8_t *frag_more;
};

struct usual {
    const uint8_t *ip, *transport;
    int64_t header_len; /* link, network and transport together */
    int64_t ip_end;     /* where the IP packet ends, counted from the frame's start */
    uint8_t version, protocol;
};

enum { ETHERNET = 1, TCP = 6, UDP = 17 };

/* Says whether a frame is whole, of Ethernet with at most one 802.1Q tag, of IPv4 without options or IPv6 without
 * extension headers, no fragment, and TCP or a UDP datagram that is no tunnel; if so, where its parts are. */
static inline int read_usual(const struct frames *in, int64_t i, struct usual *out)
{
    int64_t at = in->frame_at[i], captured = in->captured_len[i], link = 14, network, room;
    if (in->link_type[i] != ETHERNET || at < 0 || captured < 42 || captured > in->size - at)
        return 0;
    const uint8_t *frame = in->bytes + at;
    uint16_t type = be16(frame + 12);
    if (type == 0x8100) {
        type = be16(frame + 16);
        link = 18;
    }
    const uint8_t *ip = frame + link;
    if (type == 0x0800) {
        if (captured < link + 20 || ip[0] != 0x45 || (be16(ip + 6) & 0x3FFF))
            return 0;
        network = 20;
        room = (int64_t)be16(ip + 2) - 20;
        out->version = 4;
        out->protocol = ip[9];
    } else if (type == 0x86DD) {
        if (captured < link + 40 || ip[0] >> 4 != 6)
            return 0;
        network = 40;
        room = be16(ip + 4);
        out->version = 6;
        out->protocol = ip[6];
    } else {
        return 0;
    }
    int64_t start = link + network;
    if (start + room > in->wire_len[i])
        return 0;
    const uint8_t *transport = frame + start;
    int64_t header;
    if (out->protocol == TCP) {
        if (captured < start + 20)
            return 0;
        header = (transport[12] >> 4) * 4;
        if (header < 20 || header > room)
            return 0;
    } else if (out->protocol == UDP) {
        if (captured < start + 8)
            return 0;
        header = 8;
        int64_t stated = be16(transport + 4);
        if (stated < 8 || stated != room)
            return 0;
        if (in->is_tunnel_port[be16(transport)] || in->is_tunnel_port[be16(transport + 2)])
            return 0;
    } else {
        return 0;
    }
    out->ip = ip;
    out->transport = transport;
    out->header_len = start + header;
    out->ip_end = start + room;
    return 1;
}

/* Says whether a frame is plainly Ethernet whose type (behind one tag, too) is IPv4 or IPv6. */
static inline int is_ip(const struct frames *in, int64_t i)
{
    int64_t at = in->frame_at[i];
    if (in->link_type[i] != ETHERNET || at < 0 || at > in->size - 18 || in->captured_len[i] < 14)
        return 0;
    uint16_t type = be16(in->bytes + at + 12);
    if (type == 0x8100 && in->captured_len[i] >= 18)
        type = be16(in->bytes + at + 16);
    return type == 0x0800 || type == 0x86DD;
}

enum { HASHED_LEN = 72 };
static const uint64_t PRIMES[4] = {0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu, 0x165667B19E3779F9u,
                                   0xD6E8FEB86659FD93u};

/* Gives a hash of the first bytes of a frame: equal for equal first 72 bytes and captured lengths. */
static inline uint32_t guess_of(const struct frames *in, int64_t i)
{
    uint8_t padded[HASHED_LEN];
    int64_t at = in->frame_at[i], captured = in->captured_len[i];
    int64_t length = captured < HASHED_LEN ? captured : HASHED_LEN;
    const uint8_t *frame = padded;
    if (length < 0 || at < 0 || at > in->size - length)
        length = 0;
    if (length == HASHED_LEN) {
        frame = in->bytes + at;
    } else {
        memset(padded, 0, sizeof padded);
        if (length)
            memcpy(padded, in->bytes + at, (size_t)length);
    }
    uint64_t value = (uint64_t)captured;
    for (int w = 0; w < HASHED_LEN / 8; w++) {
        uint64_t word = (le64(frame + 8 * w) + (uint64_t)w) * PRIMES[w & 3];
        value += word ^ word >> 29;
    }
    return (uint32_t)(value * PRIMES[0] >> 32);
}

/* Looks at the first bytes of each frame once. Out, by frame: usual (1: `iotaudit_fill_usual` reads it), ip (1: plainly
 * an IP packet on Ethernet, so no ARP), guess (hash, by which copies are looked for). */
EXPORT void iotaudit_look(const struct frames *in, uint8_t *usual, uint8_t *ip, uint32_t *guess)
{
    struct usual found;
    for (int64_t i = 0; i < in->count; i++) {
        usual[i] = (uint8_t)read_usual(in, i, &found);
        ip[i] = (uint8_t)(usual[i] || is_ip(in, i));
        guess[i] = guess_of(in, i);
    }
}

/* Fills the row of every usual frame, `row[i]` for frame i; frames that are not usual keep theirs. Gives the number
 * of rows filled, or -1 where a row leads outside. */
EXPORT int64_t iotaudit_fill_usual(const struct frames *in, const int64_t *row, const struct rows *out)
{
    int64_t filled = 0;
    for (int64_t i = 0; i < in->count; i++) {
        struct usual found;
        if (!read_usual(in, i, &found))
            continue;
        int64_t r = row[i], captured = in->captured_len[i];
        if (r < 0 || r >= out->count)
            return -1;
        const uint8_t *frame = in->bytes + in->frame_at[i];
        int64_t end = captured < found.ip_end ? captured : found.ip_end;
        out->number[r] = in->number[i];
        out->time_ns[r] = in->time_ns[i];
        out->wire_len[r] = in->wire_len[i];
        out->captured_len[r] = captured;
        out->frame_at[r] = in->frame_at[i];
        out->layer[r] = 0;
        out->ip_version[r] = found.version;
        out->protocol[r] = found.protocol;
        if (found.version == 4) {
            out->src_hi[r] = 0;
            out->src_lo[r] = be32(found.ip + 12);
            out->dst_hi[r] = 0;
            out->dst_lo[r] = be32(found.ip + 16);
        } else {
            out->src_hi[r] = be64(found.ip + 8);
            out->src_lo[r] = be64(found.ip + 16);
            out->dst_hi[r] = be64(found.ip + 24);
            out->dst_lo[r] = be64(found.ip + 32);
        }
        out->src_port[r] = be16(found.transport);
        out->dst_port[r] = be16(found.transport + 2);
        if (found.protocol == TCP) {
            out->tcp_flags[r] = found.transport[13];
            out->tcp_seq[r] = be32(found.transport + 4);
            out->tcp_ack[r] = be32(found.transport + 8);
        } else {
            out->tcp_flags[r] = 0;
            out->tcp_seq[r] = 0;
            out->tcp_ack[r] = 0;
        }
        out->payload_at[r] = in->frame_at[i] + found.header_len;
        out->payload_len[r] = found.ip_end - found.header_len;
        out->payload_captured[r] = end > found.header_len ? end - found.header_len : 0;
        out->dst_mac[r] = be48(frame);
        out->src_mac[r] = be48(frame + 6);
        out->frag[r] = 0;
        out->frag_id[r] = 0;
        out->frag_at[r] = 0;
        out->frag_more[r] = 0;
        filled++;
    }
    return filled;
}

/* Finds for each frame from `old` on how many frames before it the nearest copy stands (0: none), at most `lags`; see
 * capture/duplicates.py. guess: (count) · head: (old, head_len), the first bytes of the frames before, zero behind
 * their captured length · at: where in `bytes` frame i stands, for i >= old. */
EXPORT void iotaudit_find_copies(const uint8_t *bytes, int64_t size, int64_t count, int64_t old, int64_t lags,
                                 const uint32_t *guess, const int64_t *time_ns, const int64_t *wire_len,
                                 const int64_t *captured_len, const int64_t *at, const uint8_t *head,
                                 int64_t head_len, int64_t window_ns, uint8_t *lag_of)
{
    for (int64_t i = old; i < count; i++) {
        int64_t most = i < lags ? i : lags;
        uint32_t any = 0;
        lag_of[i] = 0;
        for (int64_t lag = 1; lag <= most; lag++)
            any |= guess[i] == guess[i - lag];
        if (!any)
            continue;
        for (int64_t lag = 1; lag <= most; lag++) {
            int64_t j = i - lag;
            if (guess[i] != guess[j] || wire_len[i] != wire_len[j] || captured_len[i] != captured_len[j])
                continue;
            if (time_ns[i] >= 0 && time_ns[j] >= 0) {
                uint64_t a = (uint64_t)time_ns[i], b = (uint64_t)time_ns[j];
                if ((a > b ? a - b : b - a) > (uint64_t)window_ns)
                    continue;
            }
            int64_t length = captured_len[i] < head_len ? captured_len[i] : head_len;
            if (length < 0 || at[i] < 0 || at[i] > size - length)
                continue;
            const uint8_t *before;
            if (j < old)
                before = head + j * head_len;
            else if (at[j] < 0 || at[j] > size - length)
                continue;
            else
                before = bytes + at[j];
            if (memcmp(bytes + at[i], before, (size_t)length) == 0) {
                lag_of[i] = (uint8_t)lag;
                break;
            }
        }
    }
}

/* ---- assemble: conversations ----------------------------------------------------------------------------------- */

struct ends {
    int64_t count;
    const uint64_t *src_hi, *src_lo, *dst_hi, *dst_lo;
    const uint16_t *src_port, *dst_port;
    const uint8_t *protocol, *ip_version;
};

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    /* 64 x 64 -> 128 bits, both halves xored: from four products of 32 bits, so that any compiler takes it. */
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
    uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
    return high ^ (other << 32 | (uint32_t)low);
}

/* Groups rows by conversation: both ends, lower one first, protocol and IP version (assemble/keys.py, Keys).
 *
 * slots: (1 << bits) int32, all -1, at least twice `count` · salt: 3 secret words, without which a capture cannot be
 * built to collide · keys: (count, 5) out, a_hi a_lo b_hi b_lo meta of each group, in order of its first row · side:
 * (count) out · group: (count) out · order: (count) out, rows by group, then row · starts: (count) out, where in `order`
 * each group starts. Rows are compared by the whole key. Gives the number of groups, or -1 where more than `probes`
 * slots were looked at (then the results mean nothing). */
EXPORT int64_t iotaudit_group(const struct ends *in, const uint64_t *salt, int32_t *slots, int32_t bits,
                              int64_t probes, uint64_t (*keys)[5], uint8_t *side, int64_t *group, int64_t *order,
                              int64_t *starts)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    int64_t groups = 0;
    if (in->count < 0 || in->count > INT32_MAX || (uint64_t)in->count > mask)
        return -1;
    for (int64_t i = 0; i < in->count; i++) {
        uint64_t a_hi = in->src_hi[i], a_lo = in->src_lo[i], b_hi = in->dst_hi[i], b_lo = in->dst_lo[i];
        uint64_t a_port = in->src_port[i], b_port = in->dst_port[i];
        int swap = a_hi != b_hi ? a_hi > b_hi : a_lo != b_lo ? a_lo > b_lo : a_port > b_port;
        if (swap) {
            uint64_t hi = a_hi, lo = a_lo, port = a_port;
            a_hi = b_hi, a_lo = b_lo, a_port = b_port;
            b_hi = hi, b_lo = lo, b_port = port;
        }
        uint64_t meta = a_port | b_port << 16 | (uint64_t)in->protocol[i] << 32 | (uint64_t)in->ip_version[i] << 40;
        uint64_t hash = fold(a_lo ^ salt[0], b_lo ^ salt[1]);
        hash = fold(hash ^ meta, salt[2]);
        if (a_hi | b_hi)
            hash = fold(fold(a_hi ^ salt[1], b_hi ^ salt[2]) ^ hash, salt[0]);
        uint64_t slot = hash & mask;
        int32_t found;
        while ((found = slots[slot]) >= 0) {
            const uint64_t *key = keys[found];
            if (key[1] == a_lo && key[3] == b_lo && key[4] == meta && key[0] == a_hi && key[2] == b_hi)
                break;
            if (--probes < 0)
                return -1;
            slot = (slot + 1) & mask;
        }
        if (found < 0) {
            found = (int32_t)groups++;
            slots[slot] = found;
            uint64_t *key = keys[found];
            key[0] = a_hi, key[1] = a_lo, key[2] = b_hi, key[3] = b_lo, key[4] = meta;
            starts[found] = 0;
        }
        starts[found]++;
        side[i] = (uint8_t)swap;
        group[i] = found;
    }
    int64_t sum = 0;
    for (int64_t g = 0; g < groups; g++) {
        int64_t size = starts[g];
        starts[g] = sum;
        sum += size;
    }
    for (int64_t i = 0; i < in->count; i++)
        order[starts[group[i]]++] = i;
    for (int64_t g = groups - 1; g > 0; g--)
        starts[g] = starts[g - 1];
    if (groups)
        starts[0] = 0;
    return groups;
}

/* Adds up rows by cell (2 * part + side; rows below 0 are left out). Out, by cell: packets, bytes, payload sums,
 * first_row (first row with payload, `count` none), ack (acknowledgement of the last row of TCP with ACK and without
 * RST, -1 none); by part: first_ns, last_ns (-1: no time). Gives 0, or -1 where a cell leads outside. */
EXPORT int32_t iotaudit_add_up(int64_t count, const int64_t *cell, const int64_t *wire_len,
                               const int64_t *payload_len, const int64_t *time_ns, const uint8_t *protocol,
                               const uint8_t *tcp_flags, const uint32_t *tcp_ack, int64_t parts, int64_t *packets,
                               int64_t *bytes, int64_t *payload, int64_t *first_row, int64_t *ack, int64_t *first_ns,
                               int64_t *last_ns)
{
    for (int64_t c = 0; c < 2 * parts; c++) {
        packets[c] = bytes[c] = payload[c] = 0;
        first_row[c] = count;
        ack[c] = -1;
    }
    for (int64_t p = 0; p < parts; p++)
        first_ns[p] = last_ns[p] = -1;
    for (int64_t i = 0; i < count; i++) {
        int64_t c = cell[i], p = c >> 1, t = time_ns[i];
        if (c < 0)
            continue;
        if (c >= 2 * parts)
            return -1;
        packets[c]++;
        bytes[c] += wire_len[i];
        payload[c] += payload_len[i];
        if (payload_len[i] > 0 && first_row[c] == count)
            first_row[c] = i;
        if (protocol[i] == TCP && (tcp_flags[i] & 0x14) == 0x10)
            ack[c] = tcp_ack[i];
        if (t >= 0 && (first_ns[p] < 0 || t < first_ns[p]))
            first_ns[p] = t;
        if (t > last_ns[p])
            last_ns[p] = t;
    }
    return 0;
}

/* Counts the senders of cells under the link address of each cell's first row that names one (`own`, or all where it
 * is NULL). Out, by cell: first (that row, -1 none), packets; others: rows from another link address, ascending. Gives
 * the number of others, or -1 where a cell leads outside. */
EXPORT int64_t iotaudit_count_hosts(int64_t count, const int64_t *cell, const uint8_t *own, const uint64_t *src_mac,
                                    int64_t cells, int64_t *first, int64_t *packets, int64_t *others)
{
    int64_t found = 0;
    for (int64_t c = 0; c < cells; c++) {
        first[c] = -1;
        packets[c] = 0;
    }
    for (int64_t i = 0; i < count; i++) {
        int64_t c = cell[i];
        if (c >= cells)
            return -1;
        if (own && !own[i])
            continue;
        if (c < 0) {
            others[found++] = i;
            continue;
        }
        if (first[c] < 0)
            first[c] = i;
        if (src_mac[i] == src_mac[first[c]])
            packets[c]++;
        else
            others[found++] = i;
    }
    return found;
}
