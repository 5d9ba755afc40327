// SPDX-License-Identifier: Apache-2.0
// Two processes of one group work through a ledger; they are killed, started again, put to sleep.
// What went in is compared with what came out.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <set>

#include "../cli/process.hpp"
#include "broker.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

using messages = std::vector<weir::transport::stored_message>;
using offsets = std::vector<weir::offset>;

std::int64_t number(const weir::transport::stored_message& m) {
    const auto text = std::string{m.value.view()};
    return std::atoll(text.c_str() + text.find("\"n\":") + 4);
}
/// The numbers of those before these offsets.
std::set<std::int64_t> numbers(const messages& all, const offsets& before) {
    std::set<std::int64_t> found;
    for (auto& m : all)
        if (m.offset < before[static_cast<std::size_t>(m.partition)]) found.insert(number(m));
    return found;
}
std::size_t sum(const offsets& all) {
    return static_cast<std::size_t>(std::accumulate(all.begin(), all.end(), weir::offset{0}));
}

/// A ledger of its own: topics, group, processes.
struct ledger {
    ledger() {
        ::setenv("LEDGER_ID", id.c_str(), 1);
        ::setenv("WEIR_BROKER", url().c_str(), 1);
        on.create(in, 4);
        on.create(between, 4);
        on.create(out, 4);
    }
    ~ledger() { ::unsetenv("WEIR_BROKER"); }
    std::unique_ptr<process> start(std::vector<const char*> arguments = {}) {
        return std::make_unique<process>(std::move(arguments), WEIR_LEDGER_PROGRAM,
                                         process::errors::with_output);
    }
    void send(int n) {
        for (const int to = sent + n; sent < to; ++sent) {
            const auto account = "a" + std::to_string(sent % 97);
            on.send(in, account,
                    "{\"account\":\"" + account + "\",\"n\":" + std::to_string(sent) + '}');
        }
        on.flush();
    }
    std::size_t passing() const { return static_cast<std::size_t>(sent - (sent + 9) / 10); }
    bool is_done() {
        return on.committed(id, in) == on.ends(in) && on.committed(id, between) == on.ends(between);
    }
    /// Everything is there, and each account's numbers grow where they come for the first time.
    void check_out(const messages& made) {
        std::set<std::int64_t> seen;
        std::map<std::string, std::int64_t> last;
        std::size_t out_of_order = 0, by_wrong_key = 0;
        for (auto& m : made) {
            const auto n = number(m);
            if (!seen.insert(n).second) continue;
            const std::string account{m.key.view()};
            by_wrong_key += account != "a" + std::to_string(n % 97);
            auto [it, first] = last.try_emplace(account, n);
            if (!first) {
                out_of_order += n < it->second;
                it->second = n;
            }
        }
        CHECK(seen.size() == passing());  // lost: none
        CHECK(out_of_order == 0);
        CHECK(by_wrong_key == 0);
    }

    admin on{};
    const std::string id = fresh("ledger");
    const std::string in = id + "-in", out = id + "-out";
    const std::string between = id + "-ledger-account-repartition";
    int sent = 0;
};

}  // namespace

TEST_CASE("kafka: a ledger of 100,000 entries loses none while its processes are killed") {
    ledger l;
    auto one = l.start(), two = l.start();
    struct kill {
        offsets in, between, between_end, out_end;
    };
    std::vector<kill> kills;
    for (int i = 0; i < 3; ++i) {
        l.send(25'000);
        const auto some = l.passing() - 20'000;  // it is in the midst of it
        REQUIRE(until([&] { return sum(l.on.ends(l.out)) >= some; }));
        auto& victim = i % 2 ? two : one;
        victim->signal(SIGKILL);
        CHECK(victim->wait() == -SIGKILL);
        kills.push_back({l.on.committed(l.id, l.in), l.on.committed(l.id, l.between),
                         l.on.ends(l.between), l.on.ends(l.out)});
        victim = l.start();
    }
    l.send(25'000);
    REQUIRE(until([&] { return l.is_done(); }, 120s));
    one->signal(SIGTERM);
    two->signal(SIGTERM);
    CHECK(one->wait() == 0);
    CHECK(two->wait() == 0);
    CHECK(l.is_done());  // what is committed is the end

    const auto in = l.on.dump(l.in), between = l.on.dump(l.between), out = l.on.dump(l.out);
    l.check_out(out);
    // Only what was not committed at a kill may come again, and what was made of that.
    std::size_t again_between = 0, again_out = 0;
    for (auto& k : kills) {
        auto finished = numbers(in, k.in);
        std::erase_if(finished, [](auto n) { return n % 10 == 0; });
        again_between += numbers(between, k.between_end).size() - finished.size();
        again_out += numbers(out, k.out_end).size() - numbers(between, k.between).size();
    }
    const auto twice_between = between.size() - l.passing();
    const auto twice_out = out.size() - l.passing();
    MESSAGE("came twice: ", twice_between, " re-keyed of ", again_between, ", ", twice_out,
            " sent on of ", again_out + twice_between);
    CHECK(twice_between <= again_between);
    CHECK(twice_out <= again_out + twice_between);
}

TEST_CASE("semantics 25: a process that slept through its session neither commits nor loses") {
    ledger l;
    auto zombie = l.start(), other = l.start();
    l.send(5'000);
    REQUIRE(until([&] { return l.is_done(); }));
    zombie->signal(SIGSTOP);
    l.send(5'000);
    REQUIRE(until([&] { return l.is_done(); }));  // the other one has it all
    const auto before = l.on.committed(l.id, l.in);
    zombie->signal(SIGCONT);
    l.send(5'000);
    REQUIRE(until([&] { return l.is_done(); }));
    const auto after = l.on.committed(l.id, l.in);
    for (std::size_t p = 0; p < before.size(); ++p) CHECK(before[p] <= after[p]);
    for (auto* p : {&zombie, &other}) {
        (*p)->signal(SIGTERM);
        CHECK((*p)->wait() == 0);
    }
    CHECK(l.is_done());
    l.check_out(l.on.dump(l.out));
}

TEST_CASE("kafka: --until-idle waits for a group that waits for a member that was killed") {
    ledger l;
    const std::vector<const char*> slow{"--set", "session.timeout.ms=20000"};
    auto first = l.start(slow);
    l.send(5'000);
    REQUIRE(until([&] { return l.is_done(); }));
    first->signal(SIGKILL);
    CHECK(first->wait() == -SIGKILL);
    l.send(5'000);
    auto arguments = slow;
    arguments.insert(arguments.end(), {"--until-idle", "1s"});
    auto second = l.start(arguments);
    const auto said = second->read_rest();
    CHECK(second->wait() == 0);
    CHECK(said.find("weir: waits for group '" + l.id + "' to give it partitions, for 5 s of ") !=
          said.npos);
    CHECK(l.is_done());
    l.check_out(l.on.dump(l.out));
}
