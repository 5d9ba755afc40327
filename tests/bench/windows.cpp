// SPDX-License-Identifier: Apache-2.0
// Windows on the embedded broker, with cuts: 100,000 messages come in a second of stream time.
#include "tables.hpp"

namespace {

using weir::bench::after;
using weir::bench::messages;
using weir::bench::pass;
using weir::bench::through;
using namespace std::chrono_literals;
using u64 = std::uint64_t;
template <class V>
using in_windows = weir::table<weir::windowed<u64>, V>;

constexpr std::size_t cut_every = 600'000;
constexpr messages many_keys{.per_second = 100'000};
constexpr messages few_keys{.count = 1'000'000, .keys = 1000, .per_second = 10'000};

/// `in | tap | window | count`, until the last message has come.
template <class Windows>
void counted(pass& p, const messages& m, Windows w) {
    std::int64_t results = 0;
    through<u64>(p, m, cut_every, [&](weir::app& app, auto in, auto done) {
        auto t = app.table<weir::windowed<u64>, std::int64_t>("counts");
        app.agent("a", in | weir::tap([seen = after(m, done)](std::int64_t) mutable { seen(); }) |
                           weir::window(w, weir::grace(1s)) | weir::count(t) |
                           weir::for_each([&](std::int64_t n) { results += n; }));
    });
    weir::bench::keep(results);
}
void tumbling(pass& p) { counted(p, many_keys, weir::tumbling(10s)); }
void read_only(pass& p) { weir::bench::read_only<u64>(p, many_keys); }
const weir::bench::pair tumbled{
    "windows: tumbling(10 s) | count, u64, 100 k keys, with cuts, against reading raw bytes",
    {.a = tumbling,
     .b = read_only,
     .messages = many_keys.count,
     .wanted = {.ratio = 15},
     .one_pass = true}};

void tumbling_few(pass& p) { counted(p, few_keys, weir::tumbling(10s)); }
void hopping_few(pass& p) { counted(p, few_keys, weir::hopping(10min, 1s)); }
const weir::bench::pair hopped{
    "windows: hopping(10 min, 1 s) | count, 1000 keys, against tumbling(10 s)",
    {.a = hopping_few,
     .b = tumbling_few,
     .messages = few_keys.count,
     .wanted = {.ratio = 2},
     .one_pass = true}};

/// Each message is a session of its own: 1 M of them are open at the end.
void open_sessions(pass& p) {
    const messages m{.count = 1'000'000, .keys = 1'000'000, .per_second = 100'000};
    through<u64>(p, m, cut_every, [&](weir::app& app, auto in, auto done) {
        auto t = app.table<u64, weir::sessions<std::int64_t>>("counts");
        app.agent("a", in | weir::tap([seen = after(m, done)](std::int64_t) mutable { seen(); }) |
                           weir::window(weir::session(30min), weir::grace(0s)) | weir::count(t));
    });
}
const weir::bench::pair sessions{"windows: session(30 min) | count, u64, 1 M open sessions",
                                 {.a = open_sessions, .messages = 1'000'000, .one_pass = true}};

}  // namespace
