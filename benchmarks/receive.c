/* receive PORT QOS MESSAGES PAUSE_US: counts PUBLISH frames and does nothing else.

PAUSE_US: how long it does not look when nothing more was there; the broker then writes
more at a time and has less to do.

At QoS 1 it acknowledges, with one write for each read. Says "ready" when subscribed;
then how many came, the second of the monotonic clock when all had, and what it took.
*/
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ = 262144, MOST = 1 << 20, BUFFER = 4 << 20 };

static unsigned char data[MOST], answers[MOST];
static int sock, qos;
static long count, kept;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void send_all(const void *bytes, long size) {
    for (long done = 0; done < size;) {
        long sent = send(sock, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0)
            fail("send");
        done += sent;
    }
}

static void open_session(int port) {
    static const char connect_packet[] = "\x10\x13\0\4MQTT\4\2\0\0\0\7receive";
    char subscribe[] = "\x82\x10\0\1\0\x0b/merakimv/#\0", answer[5];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = 10};
    int on = 1, bytes = BUFFER;
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    sock = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(sock, (struct sockaddr *)&to, sizeof to))
        fail("connect");
    send_all(connect_packet, sizeof connect_packet - 1);
    if (recv(sock, answer, 4, MSG_WAITALL) != 4 || answer[3])
        fail("no CONNACK");
    subscribe[sizeof subscribe - 2] = qos;
    send_all(subscribe, sizeof subscribe - 1);
    if (recv(sock, answer, 5, MSG_WAITALL) != 5 || answer[4] & 0x80)
        fail("no SUBACK");
}

/* Count the whole frames of what is there; keep the beginning of the next one. */
static void take(long size) {
    long at = 0, said = 0;
    while (at + 2 <= size && at + 2 + data[at + 1] <= size) {
        if (data[at + 1] > 127)
            fail("a frame is longer than any that flood sends");
        if (data[at] >> 4 == 3) {
            count++;
            if (data[at] & 6) {
                long id = at + 4 + (data[at + 2] << 8) + data[at + 3];
                memcpy(answers + said, (char[]){0x40, 2, data[id], data[id + 1]}, 4);
                said += 4;
            }
        }
        at += 2 + data[at + 1];
    }
    kept = size - at;
    memmove(data, data + at, kept);
    if (said)
        send_all(answers, said);
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    qos = atoi(argv[2]);
    long messages = atol(argv[3]), pause_us = atol(argv[4]);
    double ended_s = 0;
    open_session(atoi(argv[1]));
    puts("ready");
    fflush(stdout);
    double cpu_began_s = cpu_s();
    while (count < messages) {
        long got = recv(sock, data + kept, READ, 0);
        if (got <= 0)
            break;
        take(kept + got);
        ended_s = now_s();
        if (pause_us && got < READ)
            usleep(pause_us);
    }
    printf("{\"count\": %ld, \"ended_s\": %.6f, \"cpu_s\": %.6f}\n", count, ended_s,
           cpu_s() - cpu_began_s);
    return 0;
}
