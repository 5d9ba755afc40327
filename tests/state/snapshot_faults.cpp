// SPDX-License-Identifier: Apache-2.0
// Snapshots on disks that are full or broken, and files that are torn.
#include "counting.hpp"
#include "restoring.hpp"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include <weir/state/table_of.hpp>

#include "state/snapshot.hpp"

namespace {

namespace fs = std::filesystem;
namespace wd = weir::detail;

/// One that is there.
struct made_directory : directory {
    made_directory() { fs::create_directories(path); }
};

string content_of(const fs::path& p) {
    std::ostringstream all;
    all << std::ifstream{p, std::ios::binary}.rdbuf();
    return all.str();
}
void put(const fs::path& p, std::string_view text) {
    std::ofstream{p, std::ios::binary | std::ios::trunc} << text;
}

/// A shard of twelve large rows is on disk: the head, three blocks of rows, and the last block.
struct large {
    made_directory dir{};
    fs::path file = dir.path / "t-0.snapshot";
    std::unique_ptr<wd::table_of<string, string>> table =
        wd::make_table<string, string>("t", {}, 100);
    std::vector<std::size_t> blocks{};  // where they begin
    string whole{};

    large() {
        const std::shared_ptr<wd::shard> full = table->make(1);
        for (int i = 0; i < 12; ++i) {
            const auto key = "k" + std::to_string(i);
            const string value(250'000, char('a' + i));
            weir::message m;
            m.key = weir::bytes_view{key};
            m.value = weir::bytes_view{value};
            full->restore_row(m, {5});
        }
        full->restored();
        wd::snapshot_head head;
        head.owner.app = "a";
        head.owner.table = "t";
        head.changelog = "a-t-changelog";
        head.inputs = {"in"};
        head.at = {5};
        wd::snapshot_writer to{file.string(), head, full};
        while (to.write()) {}
        whole = content_of(file);
        for (std::size_t at = 0; at < whole.size();) {
            blocks.push_back(at);
            std::uint64_t size = 0;
            std::memcpy(&size, whole.data() + at, sizeof size);
            at += 24 + size;
        }
    }
    /// Reads the file. Empty: all of it is there.
    string why_unfit() const {
        try {
            const auto from = wd::snapshot_reader::of(file.string());
            const auto into = table->make(1);
            while (from->read(*into)) {}
            into->restored();
            CHECK(into->size() == 12);
        } catch (const wd::unfit_snapshot& e) { return e.what(); }
        return {};
    }
};

/// One process of app `name`, with a table.
struct process {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;
    process(const string& broker, const directory& d, const string& name = "a")
        : app{name, {.broker = broker, .hooks = &hush, .state_dir = d.path.string()}},
          in(app.topic<string, int>("in", {.partitions = 1})),
          seen(app.table<string, std::int64_t>("seen")) {
        app.agent("c", in | weir::count(seen));
    }
    bool says(const char* what) const {
        return std::any_of(hush.lines.begin(), hush.lines.end(),
                           [&](auto& l) { return l.find(what) != string::npos; });
    }
};

}  // namespace

TEST_CASE("semantics 64: a snapshot that is torn at any block, or damaged in one, is not read") {
    large l;
    REQUIRE(l.blocks.size() == 5);
    CHECK(l.why_unfit() == "");
    for (const auto at : l.blocks)
        for (const std::size_t more : {0, 1, 23, 24, 25, 4000}) {
            if (at + more >= l.whole.size()) continue;
            CAPTURE(at + more);
            put(l.file, std::string_view{l.whole}.substr(0, at + more));
            CHECK(l.why_unfit() == "is not complete");
        }
    for (const auto at : l.blocks)
        for (const std::size_t more : {8, 16, 24, 60}) {
            if (at + more >= l.whole.size()) continue;
            CAPTURE(at + more);
            auto damaged = l.whole;
            damaged[at + more] = char(damaged[at + more] ^ 4);
            put(l.file, damaged);
            const bool of_head = at == 0 && more == 8;  // the first block has no rows
            CHECK(l.why_unfit() == (of_head ? "" : "is damaged"));
        }
    put(l.file, l.whole);
    CHECK(l.why_unfit() == "");
}

TEST_CASE("semantics 64: a disk that is full or broken is a line of the log, and harms nothing") {
    const char* device = nullptr;
    const char* says = nullptr;
    SUBCASE("full") { device = "/dev/full", says = "No space left on device"; }
    SUBCASE("broken") { device = "/proc/self/mem", says = "Input/output error"; }
    const auto broker = string{"memory://snapshot-fault-"} + device;
    made_directory d;
    process one{broker, d};
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    const auto unfinished = d.path / "a" / "seen-0.snapshot.new";
    fs::create_symlink(device, unfinished);
    test.stop(one.app);
    CHECK(test.exit_code(one.app) == 0);
    CHECK(one.says("cannot be written to"));
    CHECK(one.says(says));
    CHECK_FALSE(fs::is_symlink(unfinished));
    CHECK_FALSE(fs::exists(d.path / "a" / "seen-0.snapshot"));
    process two{broker, d};
    test.add(two.app);
    CHECK(all_of(two.seen) == counts{{"x", 1}});
    test.kill(two.app);
}

TEST_CASE("semantics 64: a snapshot that the disk does not give back is not read") {
    made_directory d;
    process one{"memory://snapshot-unread", d};
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.stop(one.app);
    const auto file = d.path / "a" / "seen-0.snapshot";
    REQUIRE(fs::remove(file));
    fs::create_symlink("/proc/self/mem", file);
    process two{"memory://snapshot-unread", d};
    test.add(two.app);
    CHECK(two.says("cannot be read: Input/output error"));
    CHECK(all_of(two.seen) == counts{{"x", 1}});
    CHECK_FALSE(fs::is_symlink(file));
    test.kill(two.app);
}

TEST_CASE("semantics 64: a snapshot of another app is not read") {
    made_directory d;
    {
        process one{"memory://snapshot-app-a", d};
        test_driver test{one.app};
        test.send(one.in, "x", 1);
        test.stop(one.app);
    }
    fs::create_directories(d.path / "b");
    fs::copy_file(d.path / "a" / "seen-0.snapshot", d.path / "b" / "seen-0.snapshot");
    process two{"memory://snapshot-app-b", d, "b"};
    test_driver test{two.app};
    CHECK(two.says("is of table 'seen' of app 'a'"));
    CHECK(two.seen.size() == 0);
}

TEST_CASE("semantics 64: a snapshot from a time that has not come yet is not read") {
    made_directory d;
    process one{"memory://snapshot-clock", d};
    {
        test_driver test{one.app};
        test.advance(1min);
        test.send(one.in, "x", 1);
        test.stop(one.app);
    }
    process two{"memory://snapshot-clock", d};
    test_driver test{two.app};  // its clock begins a minute earlier
    CHECK(two.says("is too old, or the clock was set back"));
    CHECK(all_of(two.seen) == counts{{"x", 1}});
}
