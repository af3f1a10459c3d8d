/* flood PORT QOS MESSAGES PER_S: what 1,000 cameras with 4 zones publish.

PER_S 0: as fast as the broker takes it. The cameras' clocks then run at their usual 3.5
messages a second, ahead of ours, and end about now: for each message as many people
come and go as in life. Prints nothing; exits with 0 when the broker has all of it.
*/
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CAMERAS = 1000, ZONES = 4, TOPICS = CAMERAS * ZONES };
enum { STEP_MS = 285, VISIT = 14, CYCLE = 140 }; /* messages: 4 s of every 40 s */
enum { CROWD_EVERY = 400, CROWD_FROM = 5, CROWD_TO = 40 };
enum { FULL = 65536, ONE = 256, MOST_UNANSWERED = 30000 };

static char topics[TOPICS][64];
static int sock, qos;
static long answered_bytes;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

static void name_topics(void) {
    for (int i = 0; i < TOPICS; i++) {
        int camera = i / ZONES, zone = i % ZONES;
        int size = sprintf(topics[i], "/merakimv/Q2BN-%04d-FLUD/", camera);
        if (zone == 0)
            strcpy(topics[i] + size, "0");
        else
            sprintf(topics[i] + size, "5826532017%06d%02d", camera, zone);
    }
}

/* One person now and then; in a few zones a crowd that begins and ends. Not in a full
   frame, which does not count beside the zones of its camera. */
static int people(int topic, long round) {
    if (topic % CROWD_EVERY == 1 && round >= CROWD_FROM && round < CROWD_TO)
        return 3 + round % 4;
    return (round + topic * 37L) % CYCLE < VISIT;
}

static int publish(char *at, int topic, long ts_ms, long round, long number) {
    char payload[64];
    int size = sprintf(payload, "{\"ts\":%ld, \"counts\":{\"person\":%d}}", ts_ms,
                       people(topic, round));
    int length = strlen(topics[topic]);
    char *end = at;
    *end++ = 0x30 | qos << 1;
    *end++ = 2 + length + (qos ? 2 : 0) + size; /* below 128 */
    *end++ = 0;
    *end++ = length;
    memcpy(end, topics[topic], length);
    end += length;
    if (qos) {
        int id = 1 + number % 65535;
        *end++ = id >> 8;
        *end++ = id & 255;
    }
    memcpy(end, payload, size);
    return end + size - at;
}

static void send_all(const char *data, long size) {
    while (size > 0) {
        long sent = send(sock, data, size, MSG_NOSIGNAL);
        if (sent < 0)
            fail("send");
        data += sent;
        size -= sent;
    }
}

/* Read PUBACKs, four bytes each, until no more than `most` are missing. */
static void await_answers(long sent, long most) {
    char answers[FULL];
    for (;;) {
        int wait = sent - answered_bytes / 4 > most;
        long got = recv(sock, answers, FULL, wait ? 0 : MSG_DONTWAIT);
        if (got == 0 || (got < 0 && wait))
            fail("the broker hung up");
        if (got < 0)
            return;
        answered_bytes += got;
    }
}

static void open_session(int port) {
    static const char connect_packet[] = "\x10\x11\0\4MQTT\4\2\0\0\0\5flood";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    char answer[4];
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    sock = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(sock, (struct sockaddr *)&to, sizeof to))
        fail("connect");
    send_all(connect_packet, sizeof connect_packet - 1);
    if (recv(sock, answer, 4, MSG_WAITALL) != 4 || answer[3])
        fail("no CONNACK");
}

/* Wait until message `number` is due; bursts of 2 ms, as a network delivers them. */
static void pace(const struct timespec *began, long number, long per_s) {
    long due_ns = number / per_s * 1000000000L + number % per_s * 1000000000L / per_s;
    struct timespec at = *began;
    at.tv_sec += (at.tv_nsec + due_ns) / 1000000000L;
    at.tv_nsec = (at.tv_nsec + due_ns) % 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    qos = atoi(argv[2]);
    long messages = atol(argv[3]), per_s = atol(argv[4]), used = 0, last_ms = 0;
    long first_ms = now_ms() - messages / TOPICS * STEP_MS;
    char buffer[FULL];
    struct timespec began;
    name_topics();
    open_session(atoi(argv[1]));
    clock_gettime(CLOCK_MONOTONIC, &began);
    printf("%ld.%09ld\n", began.tv_sec, began.tv_nsec);
    for (long number = 0; number < messages; number++) {
        long round = number / TOPICS;
        if (number % TOPICS == 0)
            last_ms = per_s ? now_ms() : first_ms + round * STEP_MS;
        int burst_ends = per_s && number % (per_s / 500 + 1) == 0;
        if (used > FULL - ONE || burst_ends) {
            send_all(buffer, used);
            used = 0;
            if (qos)
                await_answers(number, MOST_UNANSWERED);
            if (burst_ends)
                pace(&began, number, per_s);
        }
        used += publish(buffer + used, number % TOPICS, last_ms, round, number);
    }
    send_all(buffer, used);
    if (qos)
        await_answers(messages, 0);
    send_all("\xe0\0", 2);
    shutdown(sock, SHUT_WR);
    while (recv(sock, buffer, FULL, 0) > 0)
        continue;
    return 0;
}
