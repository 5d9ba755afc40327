// SPDX-License-Identifier: Apache-2.0
// Tables whose rows are on disk. Memory is so small that every row leaves it.
#include "counting.hpp"
#include "refused.hpp"
#include "restoring.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <weir/ask.hpp>

#include "state/disk_store.hpp"

namespace {

namespace fs = std::filesystem;
using weir::detail::changelog_owner;
using weir::detail::cut_stamp;
using weir::detail::mark_key;
using weir::detail::owner_key;
using weir::detail::stamp_header;

#ifdef WEIR_ROCKSDB

/// One process of app a. The broker outlives it. 0 erases the key, any other value is added.
struct process {
    restores ears{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;

    process(const string& broker, const directory& d, weir::properties changelog = {},
            std::size_t memory = 800)
        : app{"a", {.broker = broker, .hooks = &ears, .state_dir = d.path.string()}},
          in(app.topic<string, int>("in", {.partitions = 1})),
          seen(app.table<string, std::int64_t>("seen", {.store = weir::rocksdb,
                                                        .memory = memory,
                                                        .warm_for = std::chrono::seconds{10},
                                                        .config = std::move(changelog)})) {
        app.agent("c", in | weir::aggregate(seen, [](const std::int64_t& n, int v) {
                           return v == 0 ? std::optional<std::int64_t>{} : std::optional{n + v};
                       }));
    }
    void send(test_driver& test, const char* keys, int v = 1) {
        for (; *keys; ++keys) test.append(in, string(1, *keys), v);
        test.run();
    }
    std::size_t in_memory() const {
        std::size_t n = 0;
        const auto& s = *seen.info().shards[0];
        for (auto* k : {"a", "b", "x", "y", "z"}) n += s.is_in_memory(k);
        return n;
    }
};

/// The first process counts x twice, y and z once, and they leave memory.
struct on_disk {
    string broker;
    directory dir{};
    weir::properties changelog{};
    process one{broker, dir, changelog};
    test_driver test{one.app};
    std::optional<process> two{};

    explicit on_disk(const string& name, weir::properties c = {})
        : broker("memory://on-disk-" + name), changelog(std::move(c)) {
        one.send(test, "xyx");
        test.commit();
        one.send(test, "z");
        test.commit();
        test.run();
    }
    void begin() {
        two.emplace(broker, dir, changelog);
        test.add(two->app);
        test.run();
    }
    bool from_start() const { return two->ears.heard.back().first == 0; }
    changelog_owner last_owner() {
        changelog_owner o;
        for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>("a-seen-changelog")))
            if (e.key().view() == owner_key) o = changelog_owner::of(e.value());
        return o;
    }
    void write(weir::bytes_view key, std::int64_t n, const changelog_owner& by, offset cut) {
        weir::bytes value;
        weir::detail::encode_onto(n, value);
        const auto text = cut_stamp{by.epoch, by.owner, {cut}}.text({"in"});
        test.append_raw("a-seen-changelog", key, value,
                        {.partition = 0, .headers = {{stamp_header, weir::bytes{text}}}});
    }
};

#endif

}  // namespace

TEST_CASE(
    "semantics 65: a table of windows, of timers, of a topic or of all partitions is in memory") {
    weir::app app{"a"};
    const auto why = [](const char* name, const char* because) {
        return string{"weir: table '"} + name + "' has .store = weir::rocksdb, and " + because +
               ": such a table is in memory";
    };
    CHECK(refused([&] {
              app.table<weir::windowed<string>, int>("per", {.store = weir::rocksdb});
          }) == why("per", "its rows are open windows"));
    CHECK(refused([&] { app.table<string, weir::timed<int>>("open", {.store = weir::rocksdb}); }) ==
          why("open", "its rows are held until their times come"));
    auto t = app.topic<string, int>("prices");
    CHECK(refused([&] { app.table(t, {.store = weir::rocksdb}); }) ==
          why("prices", "a topic fills it"));
    CHECK(refused([&] { app.global_table(t, {.store = weir::rocksdb}); }) ==
          why("prices", "a topic fills it"));
}

TEST_CASE("semantics 65: a table on disk says what it needs") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen", {.store = weir::rocksdb});
    app.agent("c", in | weir::count(seen));
#ifdef WEIR_ROCKSDB
    CHECK(refused([&] { test_driver{app}; }) ==
          "weir: table 'seen' has .store = weir::rocksdb, and app_options::state_dir is empty: say "
          "in which directory it is");
#else
    CHECK(refused([&] { test_driver{app}; }) ==
          "weir: table 'seen' has .store = weir::rocksdb, and this weir is built without RocksDB: "
          "install it (librocksdb-dev) and build weir with -Drocksdb=enabled");
#endif
}

#ifdef WEIR_ROCKSDB

TEST_CASE("semantics 65: rows leave memory, and everybody reads them as before") {
    on_disk d{"read"};
    auto& seen = d.one.seen;
    CHECK(d.one.in_memory() == 0);
    CHECK(seen.size() == 3);
    CHECK(all_of(seen) == counts{{"x", 2}, {"y", 1}, {"z", 1}});
    CHECK(d.one.in_memory() == 0);  // a walk keeps nothing
    counts by_loop;
    for (auto&& [k, v] : seen) by_loop[k] = v;
    CHECK(by_loop == all_of(seen));
    CHECK(d.test.entries(seen).size() == 3);
    CHECK(d.test.value(seen, "x") == 2);
    CHECK(seen.contains("y"));
    CHECK_FALSE(seen.contains("w"));
    CHECK(seen.find("w") == nullptr);
    CHECK(*seen.find("z") == 1);
    auto asked = d.one.app.ask([&] { return seen.get("y"); });
    d.test.run();
    CHECK(asked.get() == 1);
    d.one.send(d.test, "xw");
    CHECK(seen.size() == 4);
    CHECK(all_of(seen) == counts{{"w", 1}, {"x", 3}, {"y", 1}, {"z", 1}});
    d.one.send(d.test, "yv", 0);  // erased on disk and in memory; v was never there
    CHECK(seen.size() == 3);
    CHECK(all_of(seen) == counts{{"w", 1}, {"x", 3}, {"z", 1}});
    CHECK_FALSE(seen.contains("y"));
    d.test.commit();
    d.test.run();
    CHECK(d.one.in_memory() == 0);
    CHECK_FALSE(seen.contains("y"));
    CHECK(all_of(seen) == counts{{"w", 1}, {"x", 3}, {"z", 1}});
    CHECK(folded(d.test, "a-seen-changelog") == all_of(seen));
    d.one.send(d.test, "y");
    CHECK(seen.get("y") == 1);
    d.test.stop();
    CHECK(all_of(seen) == counts{{"w", 1}, {"x", 3}, {"y", 1}, {"z", 1}});
    CHECK(seen.get("w") == 1);
}

TEST_CASE("semantics 65: the next start after a clean stop reads nothing again") {
    on_disk d{"clean"};
    d.one.send(d.test, "y", 0);
    d.test.stop(d.one.app);
    d.begin();
    const auto [from, to] = d.two->ears.heard.back();
    CHECK(to - from == 1);
    CHECK(d.two->in_memory() == 0);
    CHECK(d.two->seen.size() == 2);
    CHECK(all_of(d.two->seen) == counts{{"x", 2}, {"z", 1}});
    d.two->send(d.test, "xy");
    CHECK(all_of(d.two->seen) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    CHECK(d.two->ears.lines.empty());
    d.test.stop(d.two->app);
}

TEST_CASE(
    "semantics 65: after a crash the disk is as it was once, and the changelog has the rest") {
    on_disk d{"crash"};
    SUBCASE("all was committed") {}
    SUBCASE("and something was not") { d.one.send(d.test, "ay"); }
    SUBCASE("it was in the changelog, and not committed") {
        d.test.fail_next_commit(1000);
        d.one.send(d.test, "ay");
        d.test.advance(3s);
        d.test.fail_next_commit(0);
    }
    const auto was = all_of(d.one.seen);
    d.test.kill(d.one.app);
    d.begin();
    CHECK_FALSE(d.from_start());
    CHECK(all_of(d.two->seen) == was);
    CHECK(d.two->seen.size() == was.size());
    CHECK(d.two->ears.lines.empty());
    d.two->send(d.test, "x", 0);
    d.two->send(d.test, "zb");
    d.test.commit();
    d.test.run();
    CHECK(folded(d.test, "a-seen-changelog") == all_of(d.two->seen));
    CHECK(d.two->seen.size() == was.size());
    CHECK(d.two->seen.get("z") == 2);
    // and once more, by the new owner
    const auto now = all_of(d.two->seen);
    d.test.kill(d.two->app);
    d.begin();
    CHECK_FALSE(d.from_start());
    CHECK(all_of(d.two->seen) == now);
    d.test.kill(d.two->app);
}

TEST_CASE("semantics 65: a partition that comes back is read on, warm or not") {
    on_disk d{"warm"};
    d.test.revoke(d.one.in, 0);
    SUBCASE("soon") {}
    SUBCASE("late") { d.test.advance(11s); }
    SUBCASE("and another one had it") {
        auto o = d.last_owner();
        o.owner = "another";
        ++o.epoch;
        d.test.append_raw("a-seen-changelog", owner_key, o.text(), {.partition = 0});
        d.write("x", 2, o, 4);
        d.write(mark_key, 0, o, 4);
        SUBCASE("soon") {}
        SUBCASE("late") { d.test.advance(11s); }
    }
    d.test.assign(d.one.in, 0);
    d.test.run();
    CHECK(d.one.ears.heard.back().first > 0);
    CHECK(all_of(d.one.seen) == counts{{"x", 2}, {"y", 1}, {"z", 1}});
    d.one.send(d.test, "xa");
    CHECK(all_of(d.one.seen) == counts{{"a", 1}, {"x", 3}, {"y", 1}, {"z", 1}});
    d.test.stop();
}

TEST_CASE("semantics 65: what does not fit any more is wiped with one line, and restored") {
    SUBCASE("it is too old") {
        on_disk d{"old", {{"delete.retention.ms", "60000"}}};
        d.test.stop(d.one.app);
        d.test.advance(31s);
        d.begin();
        CHECK(d.from_start());
        REQUIRE(d.two->ears.lines.size() == 1);
        CHECK(d.two->ears.lines[0].starts_with(
            "table 'seen'[0] is restored from its changelog alone: what is on disk, "));
        CHECK(d.two->ears.lines[0].ends_with(
            "seen-0.rocksdb, is too old, or the clock was set back"));
        CHECK(all_of(d.two->seen) == counts{{"x", 2}, {"y", 1}, {"z", 1}});
        d.test.stop(d.two->app);
    }
    SUBCASE("the changelog was made anew") {
        on_disk d{"anew"};
        d.test.stop(d.one.app);
        process other{"memory://on-disk-elsewhere", d.dir};
        test_driver test{other.app};
        CHECK(other.seen.size() == 0);
        CHECK(all_of(other.seen).empty());
        CHECK(other.ears.lines.at(0).find("is not of this changelog") != string::npos);
        other.send(test, "x");
        CHECK(all_of(other.seen) == counts{{"x", 1}});
        test.stop();
    }
    SUBCASE("its owner has written late, when the partition was another's") {
        on_disk d{"late"};
        d.test.kill(d.one.app);
        const auto former = d.last_owner();
        auto o = former;
        o.owner = "another";
        ++o.epoch;
        d.test.append_raw("a-seen-changelog", owner_key, o.text(), {.partition = 0});
        d.write("y", 7, former, 4);
        d.write("x", 9, o, 4);
        d.write(mark_key, 0, o, 4);
        d.begin();
        CHECK(d.from_start());
        CHECK(all_of(d.two->seen) == counts{{"x", 9}, {"y", 1}, {"z", 1}});
        CHECK(d.two->ears.lines.at(0) ==
              "table 'seen'[0] is restored from its changelog: what was kept of it on disk is not "
              "of this changelog, or lacks something of it");
        d.test.kill(d.two->app);
    }
}

TEST_CASE("semantics 65: a table of another type does not read what is on disk") {
    on_disk d{"types"};
    d.test.stop(d.one.app);
    silent hush;
    weir::app app{"a",
                  {.broker = "memory://on-disk-types-elsewhere",
                   .hooks = &hush,
                   .state_dir = d.dir.path.string()}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, double>("seen", {.store = weir::rocksdb});
    app.agent("c", in | weir::aggregate(seen, [](double& n, int v) { n += v; }));
    test_driver test{app};
    CHECK(hush.lines.at(0).find("has other types or windows") != string::npos);
    CHECK(seen.size() == 0);
    test.stop();
}

TEST_CASE("semantics 65: a disk that is full stops the app, and nothing is lost") {
    on_disk d{"full"};
    // so much must be free that no disk has it
    d.test.stop(d.one.app);
    process large{d.broker, d.dir, {}, std::size_t{1} << 60};
    d.test.add(large.app);
    CHECK(large.seen.get("x") == 2);
    large.send(d.test, "xya");
    d.test.commit();
    d.test.run();
    CHECK_FALSE(d.test.running(large.app));
    CHECK(d.test.exit_code(large.app) == 1);
    d.begin();
    CHECK(all_of(d.two->seen) == counts{{"a", 1}, {"x", 3}, {"y", 2}, {"z", 1}});
    d.test.stop(d.two->app);
}

TEST_CASE(
    "semantics 65: a disk that cannot be read stops the app, and what that skips is not lost") {
    on_disk d{"damaged"};
    d.one.send(d.test, "b");
    d.test.stop(d.one.app);
    for (auto& f : fs::directory_iterator{d.dir.store()}) {
        if (f.path().extension() != ".sst") continue;
        std::fstream file{f.path(), std::ios::in | std::ios::out | std::ios::binary};
        for (int n = 0; n < 40; ++n) file.put('!');  // its rows, and not its index
    }
    d.begin();
    d.two->send(d.test, "xyzb");  // app_options::on_error is skip
    d.test.commit();
    d.test.run();
    CHECK_FALSE(d.test.running(d.two->app));
    CHECK(d.test.exit_code(d.two->app) == 1);
    fs::remove_all(d.dir.store());
    d.begin();
    CHECK(all_of(d.two->seen) == counts{{"b", 2}, {"x", 3}, {"y", 2}, {"z", 2}});
    d.test.stop(d.two->app);
}

TEST_CASE("what the disk says names its path, and what to do") {
    const auto stores = weir::detail::disk_stores::make(800);
    string said;
    try {
        stores->open("/dev/null/seen-0.rocksdb");
    } catch (const weir::error& e) { said = e.what(); }
    CHECK(said.starts_with("weir: the disk of a table, /dev/null/seen-0.rocksdb: IO error: "));
    CHECK(said.ends_with(": make room, or remove the directory, and start the app again; the "
                         "changelog has everything that is committed"));
}

TEST_CASE("semantics 65: a message that fails leaves a row on disk as it was") {
    directory dir;
    silent hush;
    weir::app app{"a", {.hooks = &hush, .state_dir = dir.path.string()}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen", {.store = weir::rocksdb, .memory = 800});
    app.agent("c", in | weir::count(seen) | weir::tap([](std::int64_t n) {
                       if (n == 2) throw std::runtime_error{"two"};
                   }));
    test_driver test{app};
    test.send(in, "x", 1);
    test.commit();
    test.run();
    test.send(in, "x", 1);
    test.send(in, "w", 1);
    CHECK(seen.get("x") == 1);
    test.commit();
    test.run();
    CHECK(all_of(seen) == counts{{"w", 1}, {"x", 1}});
    test.restart();
    CHECK(all_of(seen) == counts{{"w", 1}, {"x", 1}});
    test.stop();
}

TEST_CASE("semantics 65: many keys in little memory, with bodies, and each of them counts") {
    directory dir;
    silent hush;
    weir::app app{"a", {.hooks = &hush, .state_dir = dir.path.string()}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, string>("seen", {.store = weir::rocksdb, .memory = 200'000});
    app.agent("c", in | weir::items() | weir::for_each([=](const auto& i) {
                       seen[i.key()] += string(100, char('a' + i.value()));
                   }),
              {.tables = {seen}});
    test_driver test{app};
    constexpr int keys = 5000;
    for (int v = 0; v < 3; ++v) {
        for (int n = 0; n < keys; ++n) test.append(in, "k" + std::to_string(n), v);
        for (int n = 0; n < 20; ++n) {
            test.run();
            test.commit();
        }
    }
    CHECK(test.committed(in, 0) == committed{3 * keys});
    CHECK(seen.size() == keys);
    const auto wanted = string(100, 'a') + string(100, 'b') + string(100, 'c');
    std::size_t right = 0;
    for (auto&& [k, v] : seen) right += v == wanted;
    CHECK(right == keys);
    CHECK(seen.info().shards[0]->bytes() < 150'000);
    test.restart();
    CHECK(seen.size() == keys);
    CHECK(seen.get("k4711") == wanted);
    test.stop();
}

#endif
