// SPDX-License-Identifier: Apache-2.0
// What a clean stop leaves on disk, and what the next start makes of it.
#include "counting.hpp"
#include "restoring.hpp"

#include <sys/resource.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "windowing.hpp"

namespace {

namespace fs = std::filesystem;

/// One process of app a. The broker outlives it.
struct process {
    restores ears{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;
    trace out{};

    process(const string& broker, const directory& d, weir::properties changelog = {})
        : app{"a", {.broker = broker, .hooks = &ears, .state_dir = d.path.string()}},
          in(app.topic<string, int>("in", {.partitions = 1})),
          seen(app.table<string, std::int64_t>("seen", {.config = std::move(changelog)})) {
        app.agent("c", in | weir::count(seen) |
                           weir::for_each([this](std::int64_t n) { out.push_back(int(n)); }));
    }
    void send(test_driver& test, const char* keys) {
        for (; *keys; ++keys) test.append(in, string(1, *keys), 1);
        test.run();
    }
};

/// The first process counts, and stops. `between`: what happens then. The second one goes on.
struct two_runs {
    string broker;
    directory dir{};
    weir::properties changelog{};
    process one{broker, dir, changelog};
    test_driver test{one.app};
    std::optional<process> two{};

    explicit two_runs(const string& name, weir::properties c = {})
        : broker("memory://snapshot-" + name), changelog(std::move(c)) {
        one.send(test, "xyx");
        test.stop(one.app);
        CHECK(fs::exists(dir.snapshot()));
    }
    void begin() {
        two.emplace(broker, dir, changelog);
        test.add(two->app);
    }
    /// It is restored from the changelog alone, and one line of the log says why.
    void is_restored_anew(const char* why) {
        begin();
        CHECK(all_of(two->seen) == counts{{"x", 2}, {"y", 1}});
        CHECK(two->ears.heard.back().first == 0);
        REQUIRE(two->ears.lines.size() == 1);
        CAPTURE(two->ears.lines[0]);
        CHECK(two->ears.lines[0].starts_with(
            "table 'seen'[0] is restored from its changelog alone: its snapshot "));
        CHECK(two->ears.lines[0].find(why) != string::npos);
        CHECK_FALSE(fs::exists(dir.snapshot()));
        two->send(test, "xz");
        CHECK(all_of(two->seen) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    }
    void overwrite(std::streamoff at, char with) {
        std::fstream f{dir.snapshot(), std::ios::in | std::ios::out | std::ios::binary};
        f.seekp(at, at < 0 ? std::ios::end : std::ios::beg);
        f.put(with);
    }
};

}  // namespace

TEST_CASE("semantics 64: a clean stop leaves a snapshot, and the next start reads on from there") {
    two_runs r{"clean"};
    r.begin();
    const auto [from, to] = r.two->ears.heard.back();
    CHECK(to - from == 1);  // the last record, to see that it is there
    CHECK(all_of(r.two->seen) == counts{{"x", 2}, {"y", 1}});
    CHECK(r.two->out.empty());
    r.two->send(r.test, "yw");
    CHECK(all_of(r.two->seen) == counts{{"x", 2}, {"y", 2}, {"w", 1}});
    CHECK(r.two->ears.lines.empty());
    SUBCASE("a crash leaves it, and what has come since is in the changelog") {
        r.test.commit();
        r.test.kill(r.two->app);
        process three{r.broker, r.dir};
        r.test.add(three.app);
        CHECK(three.ears.heard.back().first == from);
        CHECK(all_of(three.seen) == counts{{"x", 2}, {"y", 2}, {"w", 1}});
        CHECK(three.out.empty());
        r.test.kill(three.app);
    }
    SUBCASE("another clean stop leaves another one") {
        r.test.stop(r.two->app);
        process three{r.broker, r.dir};
        r.test.add(three.app);
        CHECK(three.ears.heard.back().first > from);
        CHECK(all_of(three.seen) == counts{{"x", 2}, {"y", 2}, {"w", 1}});
        r.test.kill(three.app);
    }
}

TEST_CASE("semantics 64: a snapshot that does not fit is removed with one line, and not read") {
    SUBCASE("it is torn") {
        two_runs r{"torn"};
        fs::resize_file(r.dir.snapshot(), fs::file_size(r.dir.snapshot()) - 1);
        r.is_restored_anew("is not complete");
    }
    SUBCASE("its end is missing") {
        two_runs r{"end"};
        fs::resize_file(r.dir.snapshot(), fs::file_size(r.dir.snapshot()) - 24);
        r.is_restored_anew("is not complete");
    }
    SUBCASE("a row of it is damaged") {
        two_runs r{"row"};
        r.overwrite(-30, '!');
        r.is_restored_anew("is damaged");
    }
    SUBCASE("its size is damaged") {
        two_runs r{"size"};
        r.overwrite(7, '!');
        r.is_restored_anew("is damaged");
    }
    SUBCASE("it is empty") {
        two_runs r{"empty"};
        fs::resize_file(r.dir.snapshot(), 0);
        r.is_restored_anew("is not complete");
    }
    SUBCASE("it is another file") {
        two_runs r{"other"};
        std::ofstream{r.dir.snapshot()} << "This is a letter, and no snapshot of anything at all.";
        r.is_restored_anew("is damaged");
    }
    SUBCASE("it cannot be read") {
        two_runs r{"directory"};
        fs::remove(r.dir.snapshot());
        fs::create_directory(r.dir.snapshot());
        r.begin();
        CHECK(r.two->ears.lines.at(0).find("cannot be read: Is a directory") != string::npos);
        CHECK(all_of(r.two->seen) == counts{{"x", 2}, {"y", 1}});
    }
    SUBCASE("it is older than half of delete.retention.ms") {
        two_runs r{"old", {{"delete.retention.ms", "60000"}}};
        r.test.advance(31s);
        r.is_restored_anew("is too old");
    }
    SUBCASE("it is younger") {
        two_runs r{"young", {{"delete.retention.ms", "60000"}}};
        r.test.advance(29s);
        r.begin();
        CHECK(r.two->ears.heard.back().first > 0);
    }
}

TEST_CASE(
    "a snapshot of a table with other types or windows, of another table or app is not read") {
    two_runs r{"types"};
    const auto elsewhere = r.dir.path / "a" / "other-0.snapshot";
    fs::copy_file(r.dir.snapshot(), elsewhere);
    silent hush{};
    weir::app app{"a",
                  {.broker = "memory://snapshot-elsewhere",
                   .hooks = &hush,
                   .state_dir = r.dir.path.string()}};
    auto in = app.topic<string, int>("in");
    SUBCASE("another table") {
        auto other = app.table<string, std::int64_t>("other");
        app.agent("c", in | weir::count(other));
        test_driver test{app};
        CHECK(hush.lines.at(0).find("is of table 'seen' of app 'a'") != string::npos);
        CHECK_FALSE(fs::exists(elsewhere));
    }
    SUBCASE("other types") {
        auto seen = app.table<string, double>("seen");
        app.agent("c", in | weir::aggregate(seen, [](double& n, int v) { n += v; }));
        test_driver test{app};
        CHECK(hush.lines.at(0).find("has other types or windows") != string::npos);
    }
    SUBCASE("other topics") {
        auto seen = app.table<string, std::int64_t>("seen");
        app.agent("c", app.topic<string, int>("elsewhere") | weir::count(seen));
        test_driver test{app};
        CHECK(hush.lines.at(0).find("is of other topics") != string::npos);
    }
    SUBCASE("a changelog that was made anew") {
        auto seen = app.table<string, std::int64_t>("seen");
        app.agent("c", in | weir::count(seen));
        test_driver test{app};
        CHECK(all_of(seen).empty());
        CHECK(hush.lines.at(0).find("is not of this changelog") != string::npos);
        CHECK_FALSE(fs::exists(r.dir.snapshot()));
    }
}

TEST_CASE("a stop that does not commit everything leaves no snapshot, and neither does a failure") {
    two_runs r{"unclean"};
    r.begin();
    fs::remove(r.dir.snapshot());
    r.two->send(r.test, "x");
    r.test.fail_next_commit(1'000'000);
    r.test.stop(r.two->app);
    CHECK_FALSE(fs::exists(r.dir.snapshot()));
}

TEST_CASE("a snapshot that cannot be written is a line of the log, and the stop is a clean one") {
    two_runs r{"full"};
    r.begin();
    r.two->send(r.test, "z");
    // What is on disk stays until the new one is complete: nothing larger can be written now.
    rlimit was{};
    ::getrlimit(RLIMIT_FSIZE, &was);
    const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{100, was.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &little);
    r.test.stop(r.two->app);
    ::setrlimit(RLIMIT_FSIZE, &was);
    std::signal(SIGXFSZ, ignored);
    CHECK(r.test.exit_code(r.two->app) == 0);
    CHECK(r.two->ears.lines.at(0).find("cannot be written to") != string::npos);
    CHECK(r.two->ears.lines.at(0).find("File too large") != string::npos);
    CHECK(fs::exists(r.dir.snapshot()));
    CHECK_FALSE(fs::exists(r.dir.snapshot().string() + ".new"));
    process three{r.broker, r.dir};
    r.test.add(three.app);
    CHECK(all_of(three.seen) == counts{{"x", 2}, {"y", 1}, {"z", 1}});
}

TEST_CASE(
    "two processes do not share a directory of snapshots, and one that cannot be made says so") {
    directory d;
    process one{"memory://snapshot-lock", d};
    test_driver test{one.app};
    process two{"memory://snapshot-lock", d};
    CHECK_THROWS_WITH_AS(test_driver{two.app},
                         doctest::Contains("is used by another process of app 'a'"),
                         weir::setup_error);
    directory file;
    std::ofstream{file.path} << "no directory";
    process three{"memory://snapshot-file", file};
    CHECK_THROWS_WITH_AS(test_driver{three.app},
                         doctest::Contains("cannot be made: Not a directory"), weir::setup_error);
}

TEST_CASE(
    "open windows, sessions and held messages come from a snapshot, and erased keys stay erased") {
    directory d;
    struct all {
        silent hush{};
        weir::app app;
        weir::topic<string, int> in, other;
        weir::table<string, std::int64_t> seen;
        texts out{};
        all(const directory& dir)
            : app{"a",
                  {.broker = "memory://snapshot-windows",
                   .hooks = &hush,
                   .state_dir = dir.path.string()}},
              in(app.topic<string, int>("in", {.partitions = 1})),
              other(app.topic<string, int>("other", {.partitions = 1})),
              seen(app.table<string, std::int64_t>("seen")) {
            const auto note = [this](const char* of) {
                return weir::for_each([this, of](auto& e) {
                    const per_key& key = e.key();
                    out.push_back(of + text(key, e.value()));
                });
            };
            app.agent("tumbling", in | weir::window(weir::tumbling(10ms), weir::grace(0s)) |
                                      weir::count() | weir::events() | note("t "));
            app.agent("sessions", in | weir::window(weir::session(5ms), weir::grace(0s)) |
                                      weir::count() | weir::events() | note("s "));
            app.agent("erased", in | weir::aggregate(seen, [](const std::int64_t& n, int v) {
                                    return v == 0 ? std::optional<std::int64_t>{}
                                                  : std::optional{n + v};
                                }));
            app.agent(
                "join",
                in |
                    weir::left_join(other, weir::within(10ms), weir::grace(0s),
                                    [](int a, const int* b) { return a * 10 + (b ? *b : 0); }) |
                    weir::for_each([this](int n) { out.push_back("j " + std::to_string(n)); }));
        }
    };
    std::optional<all> one{std::in_place, d};
    test_driver test{one->app};
    test.send(one->in, "a", 1, {.timestamp = at(3)});
    test.send(one->in, "b", 2, {.timestamp = at(4)});
    test.send(one->in, "b", 0, {.timestamp = at(4)});
    test.stop(one->app);
    CHECK(one->out.empty());
    all two{d};
    test.add(two.app);
    CHECK(two.hush.lines.empty());
    CHECK(all_of(two.seen) == counts{{"a", 1}});
    test.send(two.other, "a", 5, {.timestamp = at(5)});
    test.send(two.in, "c", 1, {.timestamp = at(50)});
    std::sort(two.out.begin(), two.out.end());
    CHECK(two.out == texts{"j 0", "j 15", "j 20", "s a [3, 3) 1", "s b [4, 4) 2", "t a [0, 10) 1",
                           "t b [0, 10) 2"});
}

TEST_CASE("a snapshot of a table that another topic is joined with is read") {
    directory d;
    struct joined {
        silent hush{};
        weir::app app;
        weir::topic<string, int> in, asked;
        weir::table<string, std::int64_t> seen;
        trace out{};
        explicit joined(const directory& dir)
            : app{"a",
                  {.broker = "memory://snapshot-joined",
                   .hooks = &hush,
                   .state_dir = dir.path.string()}},
              in(app.topic<string, int>("in", {.partitions = 1})),
              asked(app.topic<string, int>("asked", {.partitions = 1})),
              seen(app.table<string, std::int64_t>("seen")) {
            app.agent("c", in | weir::count(seen));
            app.agent("j", asked | weir::join(seen, [](int, std::int64_t n) { return int(n); }) |
                               weir::for_each([this](int n) { out.push_back(n); }));
        }
    };
    std::optional<joined> one{std::in_place, d};
    test_driver test{one->app};
    test.send(one->in, "x", 1);
    test.stop(one->app);
    CHECK(fs::exists(d.snapshot()));
    joined two{d};
    test.add(two.app);
    CHECK(two.hush.lines.empty());
    test.send(two.asked, "x", 1);
    CHECK(two.out == trace{1});
}
