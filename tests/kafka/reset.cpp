// SPDX-License-Identifier: Apache-2.0
// `prog reset` on a real broker: what is deleted, and that the next run begins anew.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include <weir/ask.hpp>

#include "../cli/captured.hpp"
#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

using text = std::string;
using counts = std::map<text, std::int64_t>;

/// Counts values in a table, and how often values divide by ten in another, behind group_by.
struct counting {
    noted seen{};
    weir::app app;
    weir::table<text, std::int64_t> per_key, per_digit;

    counting(const text& id, const text& in, const text& state_dir)
        : app{id, options(state_dir)},
          per_key(app.table<text, std::int64_t>("per-key")),
          per_digit(app.table<text, std::int64_t>("per-digit")) {
        auto from = app.topic<text, text>(in);
        app.agent("keys", from | weir::count(per_key));
        app.agent("digits", from |
                                weir::group_by([](const text& v) { return v.substr(0, 1); },
                                               {.name = "digit", .partitions = 1}) |
                                weir::count(per_digit));
    }
    weir::app_options options(const text& state_dir) {
        auto o = on_kafka(seen);
        o.state_dir = state_dir;
        return o;
    }
    /// Runs until all that there is has been counted.
    void count_all(std::int64_t n) {
        running r{app};
        CHECK(until([&] {
            auto sum = app.ask([this] {
                std::int64_t all = 0;
                per_digit.each([&](const text&, std::int64_t one) { all += one; });
                return all;
            });
            try {
                return sum.get() >= n;
            } catch (const std::exception&) { return false; }  // it is being restored
        }));
        CHECK(r.stop() == "");
    }
};
counts of(const weir::table<text, std::int64_t>& t) {
    counts all;
    t.each([&](const text& k, std::int64_t n) { all[k] = n; });
    return all;
}

}  // namespace

TEST_CASE("semantics 68: kafka: reset lets a table begin anew, and is refused while the app runs") {
    admin on;
    const auto in = fresh("in"), id = fresh("app");
    const auto dir = std::filesystem::temp_directory_path() / id;
    on.create(in, 2);
    on.fill(in, 30);
    const counts digits{{"0", 1}, {"1", 11}, {"2", 11}, {"3", 1}, {"4", 1},
                        {"5", 1}, {"6", 1},  {"7", 1},  {"8", 1}, {"9", 1}};
    const auto changelog = id + "-per-digit-changelog", other = id + "-per-key-changelog";
    const auto topics = [&] {
        const auto all = on.topics();
        return std::set<text>{all.begin(), all.end()};
    };
    {
        counting c{id, in, dir.string()};
        c.count_all(30);
        CHECK(of(c.per_digit) == digits);
    }
    CHECK(std::filesystem::exists(dir / id / "per-digit-0.snapshot"));
    {
        counting c{id, in, dir.string()};
        const auto would = run(c.app, {"reset", "per-digit", "--dry-run"});
        CHECK(would.err == "");
        CHECK(would.code == 0);
        const auto says = [&](const text& line) { return would.out.find(line) != text::npos; };
        CHECK(says("would forget what is committed of topic " + in));
        CHECK(says("would delete topic " + changelog + ", the changelog of table per-digit"));
        CHECK(says("would delete topic " + id + "-digits-digit"));
        CHECK(says("would remove snapshot "));
        CHECK_FALSE(says(other));
        CHECK(topics().contains(changelog));
    }
    {
        counting c{id, in, ""}, again{id, in, ""};
        running r{c.app};
        CHECK(until([&] {
            auto assigned = c.app.ask([&] { return c.app.counters().assigned; });
            try {
                return assigned.get() > 0;
            } catch (const std::exception&) { return false; }
        }));
        const auto refused = run(again.app, {"reset", "per-digit"});
        CHECK(refused.code == 2);
        CHECK(refused.err.find("app '" + id + "' runs: stop all processes of it first") !=
              text::npos);
        CHECK(r.stop() == "");
        CHECK(topics().contains(changelog));
    }
    {
        counting c{id, in, dir.string()};
        const auto done = run(c.app, {"reset", "per-digit"});
        CHECK(done.err == "");
        CHECK(done.code == 0);
        CHECK(done.out.find("deleted topic " + changelog) != text::npos);
        CHECK_FALSE(topics().contains(changelog));
        CHECK(topics().contains(other));
        CHECK_FALSE(std::filesystem::exists(dir / id / "per-digit-0.snapshot"));
    }
    {
        counting c{id, in, dir.string()};
        c.count_all(30);
        CHECK(of(c.per_digit) == digits);
        CHECK(of(c.per_key).size() == 30);  // it was kept, and has each message once
        for (auto& [key, n] : of(c.per_key)) CHECK(n == 1);
        const auto done = run(c.app, {"reset", "--all"});
        CHECK(done.code == 0);
        CHECK_FALSE(topics().contains(other));
    }
    std::filesystem::remove_all(dir);
}
