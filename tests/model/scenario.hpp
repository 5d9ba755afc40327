// SPDX-License-Identifier: Apache-2.0
// One random case, as plain data that can be printed: what is built, what is done to it, and what
// its bodies make of a value. Nothing of the engine is in here.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace model {

enum class op : std::uint8_t {
    map,
    filter,
    flat_map,
    scan,
    enumerate,
    items,
    events,
    tap,
    process,
    await,  // operators
    take,
    parts,
    noack,
    group_by,
    group_by_await,
    through,
    echo,
    each,
    each_event,
    by_hand,
    each_batch,
    coroutine,
    to,
    to_chosen,
    send,  // ends
};
const char* name(op);

/// One operator of a pipeline. `id` is its own in the scenario.
struct act {
    op what{};
    int id = 0;
    int n = 0;   // take: how many. await, group_by_await: calls at once. tap and each_event: what
                 // is done with an event: 1 a hold is kept, 2 ack(), 3 ack_on_exit
    int ms = 0;  // take: the limit of time, 0 is none. await, group_by_await: 0 order by all, 1 by
                 // key, 2 none
};

/// A message on its way: the source message's number, a content that tells its path, and a sum that
/// depends on what was before it.
struct value {
    std::int64_t n = 0;
    std::uint64_t v = 0, c = 0;
};

// What the bodies do.
inline bool keeps(const act& a, const value& x) { return (x.v + unsigned(a.id)) % 4 != 0; }
inline std::uint64_t mapped(const value& x) { return x.v + 1; }
inline std::uint64_t processed(const value& x) { return x.v + 3; }
inline bool drops(const act& a, std::uint64_t v) { return (v + unsigned(a.id)) % 5 == 0; }
inline std::uint64_t awaited(const value& x) { return x.v + 7; }
inline unsigned pieces(const act& a, const value& x) {
    const unsigned of[] = {0, 1, 1, 2};
    return of[(x.v + unsigned(a.id)) % 4];
}
inline std::uint64_t piece(const value& x, unsigned i) { return x.v * 3 + i; }
/// What `items` and `events` show of a key, in the content.
inline std::uint64_t with_key(std::uint64_t v, const std::string& key) {
    return v * 5 + (key.size() == 2 ? unsigned(key[1] - '0') : 4);
}
inline std::string new_key(const act& a, const value& x) {
    return "k" + std::to_string((x.v + unsigned(a.id)) % 4);
}
inline int delay_ms(const act& a, const value& x) {
    return int((std::uint64_t(x.n) * 7 + x.v * 3 + unsigned(a.id)) % 4) * 40;
}
/// A null key, in words.
inline const char* const no_key = "-";

enum class last : std::uint8_t { stop, skip, dead_letter };
struct policy {
    int retries = 0;
    last then = last::skip;
};

struct block {
    int shape = 0;
    std::vector<act> acts{};
};
struct branch {
    int topic = 0;
    std::vector<block> blocks{};
};
struct agent {
    std::vector<branch> from{};
    std::vector<block> trunk{};
    block end{};
    policy on_error{};
};
/// The body of `id` throws for values of message `n`, so often.
struct failing {
    int id = 0;
    int n = 0;
    int times = 0;
};

enum class deed : std::uint8_t {
    send,
    bad,
    run,
    advance,
    commit,
    release,
    revoke,
    assign,
    lose,
    fail_send,
    fail_commit,
    restart,
    stop,
    kill,
    join,
};
struct step {
    deed what{};
    int a = 0, b = 0, c = 0;
};

struct scenario {
    std::uint64_t seed = 0;
    std::vector<int> partitions{};  // of the source topics
    std::vector<agent> agents{};
    std::vector<failing> failures{};
    std::vector<step> steps{};
    policy on_produce{0, last::stop};
    policy on_decode{0, last::skip};
    int batch = 4096, open_max = 1000, commit_every = 0;
    bool calm = false;   // nothing is done that repeats messages
    bool exact = false;  // and their order is known, so everything is
};

/// Calls take longer than a revocation waits for them.
inline bool overdue(const scenario& s) { return !s.calm && s.seed % 3 == 0; }

std::string words(const scenario&);
/// The topic an operator sends to; `to_chosen`: the beginning of its two.
std::string topic_of(int agent, const act&);
inline std::string source(int i) { return "in" + std::to_string(i); }
/// Where dead letters go: of an agent, of what cannot be sent, of what does not decode.
inline std::string graveyard(int agent) { return "dead-a" + std::to_string(agent); }
inline const char* const unsent = "dead-unsent";
inline const char* const undecoded = "dead-undecoded";

/// Numbers from a seed, the same everywhere.
class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        auto z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// From 0 to n - 1.
    int below(int n) { return int(next() % std::uint64_t(n)); }
    int between(int a, int b) { return a + below(b - a + 1); }
    bool one_in(int n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

scenario generate(std::uint64_t seed);

}  // namespace model
