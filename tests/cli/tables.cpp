// SPDX-License-Identifier: Apache-2.0
// `prog tables` and `prog table`.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/temp_file.hpp"
#include "state/snapshot.hpp"

namespace {

using tests::printed;

struct order {
    std::string account;
    double price;
};
struct spent {
    double sum = 0;
    int orders = 0;
};

printed shop_says(const std::vector<const char*>& arguments) {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders");
    auto totals = app.table<std::string, spent>("totals");
    app.agent("total", orders | weir::group_by(&order::account) |
                           weir::aggregate(totals, [](spent& s, const order& o) {
                               s.sum += o.price;
                               ++s.orders;
                           }));
    return tests::run(app, arguments);
}

/// Standard output and standard error are one terminal while it lives.
class terminal {
public:
    terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
        REQUIRE((master_ >= 0 && ::grantpt(master_) == 0 && ::unlockpt(master_) == 0));
        const int end = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
        REQUIRE(end >= 0);
        std::fflush(stdout);
        for (const int fd : {1, 2}) saved_.push_back(::dup(fd)), ::dup2(end, fd);
        ::close(end);
        reads_ = std::thread{[this] {
            char some[4096];
            for (::ssize_t n; (n = ::read(master_, some, sizeof some)) > 0;)
                shown_.append(some, static_cast<std::size_t>(n));
        }};
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;
    ~terminal() { shown(); }
    /// All that it has shown. Then it is over.
    const std::string& shown() {
        if (!reads_.joinable()) return shown_;
        std::fflush(stdout);
        for (const int fd : {1, 2}) {
            const int before = saved_[static_cast<std::size_t>(fd - 1)];
            ::dup2(before, fd), ::close(before);
        }
        reads_.join();
        ::close(master_);
        return shown_;
    }

private:
    int master_;
    std::vector<int> saved_{};
    std::string shown_{};
    std::thread reads_{};
};

/// At once, as a program on a terminal does.
void print(std::string_view text) {
    CHECK(::write(1, text.data(), text.size()) == std::ssize(text));
}

/// Keys that a table is restored from in the next run, and a message behind them.
void fill(weir::testing::test_driver& test, const weir::topic<std::string, int>& in) {
    for (int i = 0; i < 50'000; ++i) test.append(in, std::to_string(i), 1);
    test.run();
    test.stop();
    test.append(in, "behind", 1);
}

/// Each look at it takes a while.
class busy_clock final : public weir::clock {
public:
    weir::time_point steady() const override { return now_ += std::chrono::milliseconds{20}; }

private:
    mutable weir::time_point now_{};
};

}  // namespace

TEST_CASE("the line of a table that a topic fills is removed before the topic is read on") {
    weir::app one{"a", {.broker = "memory://cli-restore-topic"}};
    const auto in = one.topic<std::string, int>("in");
    one.table(in);
    weir::testing::test_driver test{one};
    fill(test, in);
    busy_clock clock;
    weir::app two{"a", {.broker = "memory://cli-restore-topic", .clock = &clock}};
    two.table(two.topic<std::string, int>("in"));
    two.agent("prints",
              two.topic<std::string, int>("in") | weir::for_each([](int) { print("read\n"); }));
    const char* arguments[] = {"prog", "run", "--until-idle", "1s"};
    terminal t;
    CHECK(two.main(4, arguments) == 0);
    const auto& shown = t.shown();
    CHECK(shown.find("restoring 1 shard: ") != shown.npos);
    const auto body = shown.find("read\r\n");
    REQUIRE(body != shown.npos);
    CHECK(shown.substr(body - 4, 4) == "\r\x1b[K");
}

TEST_CASE("while a table is restored, the line on a terminal says how far it is, and is removed") {
    const auto counts = [](weir::app& app, auto body) {
        auto in = app.topic<std::string, int>("in");
        app.agent("c", in | weir::count(app.table<std::string, std::int64_t>("seen")) |
                           weir::for_each(body));
        return in;
    };
    weir::app one{"a", {.broker = "memory://cli-restore"}};
    const auto in = counts(one, [](std::int64_t) {});
    weir::testing::test_driver test{one};
    fill(test, in);
    busy_clock clock;
    weir::app two{"a", {.broker = "memory://cli-restore", .clock = &clock}};
    counts(two, [](std::int64_t) { print("counted\n"); });
    const char* arguments[] = {"prog", "run", "--until-idle", "1s"};
    terminal t;
    const auto code = two.main(4, arguments);
    const auto& shown = t.shown();
    CHECK(code == 0);
    const auto line = shown.find("0 messages read, 0/s, 0 held, restoring 1 shard: ");
    REQUIRE(line != shown.npos);
    CHECK(shown.find(" of 50,002 records") != shown.npos);
    // the body's line begins in the first column
    const auto body = shown.find("counted");
    REQUIRE(body != shown.npos);
    CHECK(shown.substr(body - 4, 4) == "\r\x1b[K");
    CHECK(line < body);
}

TEST_CASE("tables lists the tables") {
    const auto said = shop_says({"tables"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == "totals: std::string -> spent, changed by agent total\n");
}

TEST_CASE("tables runs what --input feeds, then says what is here of each table") {
    const temp_file lines{R"~({"account":"ann","price":12.5}
{"account":"bob","price":40}
{"account":"ann","price":2.5}
)~"};
    const auto said = shop_says({"tables", "--input", ("orders=" + lines.path()).c_str()});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.err.empty());
    const auto bytes = std::string{R"~(ann{"sum":15,"orders":2}bob{"sum":40,"orders":1})~"}.size();
    CHECK(said.out == "totals: std::string -> spent, changed by agent total\n    2 keys, " +
                          std::to_string(bytes) +
                          " bytes of keys and values; 1 of 1 partition restored here; lag 0\n");
}

TEST_CASE("table runs what --input feeds, then prints the table, or one key's value") {
    const temp_file lines{R"~({"account":"ann","price":12.5}
{"account":"bob","price":40}
{"account":"ann","price":2.5}
)~"};
    const auto input = "orders=" + lines.path();
    const auto all = shop_says({"table", "totals", "--input", input.c_str()});
    CHECK(all.code == weir::exit_code::ok);
    CHECK(all.out == "ann\t{\"sum\":15,\"orders\":2}\nbob\t{\"sum\":40,\"orders\":1}\n");
    CHECK(all.err.empty());
    const auto one = shop_says({"table", "totals", "bob", "--input", input.c_str()});
    CHECK(one.out == "{\"sum\":40,\"orders\":1}\n");
    const auto none = shop_says({"table", "totals", "eve", "--input", input.c_str()});
    CHECK(none.code == weir::exit_code::failed);
    CHECK(none.err == "prog: weir: table totals has no key 'eve'\n");
}

TEST_CASE("reset says what would go; the embedded broker has nothing to reset") {
    const auto would = shop_says({"reset", "totals", "--dry-run"});
    CHECK(would.code == 0);
    CHECK(would.out ==
          "would forget what is committed of topic orders: all agents that read it read it again "
          "from its start\n"
          "would delete topic shop-total-account-repartition, which this app fills again\n"
          "would delete topic shop-totals-changelog, the changelog of table totals\n");
    CHECK(shop_says({"reset", "--all", "--dry-run"}).out == would.out);
    // it makes no directory, locks none, and leaves what is there
    const auto dir =
        std::filesystem::temp_directory_path() / ("weir-reset-" + std::to_string(::getpid()));
    const auto looks = [&] {
        return shop_says({"reset", "totals", "--dry-run", "--state-dir", dir.c_str()});
    };
    CHECK(looks().out == would.out);
    CHECK_FALSE(std::filesystem::exists(dir));
    std::filesystem::create_directories(dir / "shop");
    const auto file = dir / "shop" / "totals-3.snapshot";
    std::ofstream{file} << "of a table";
    {
        const weir::detail::snapshots another_process{dir, "shop"};
        CHECK(looks().out == would.out + "would remove snapshot " + file.string() + '\n');
    }
    CHECK(std::filesystem::exists(file));
    std::filesystem::remove_all(dir);
    const auto is_wrong = [](const printed& p, const char* why) {
        CHECK(p.code == 2);
        CHECK(p.out == "");
        CHECK(p.err.find(why) != std::string::npos);
    };
    is_wrong(shop_says({"reset", "totals"}), "memory:// exists only during a run");
    is_wrong(shop_says({"reset"}), "name one table, or say --all");
    is_wrong(shop_says({"reset", "totals", "--all"}), "name one table, or say --all");
    is_wrong(shop_says({"reset", "total"}), "reset total: the program has no such table");
}

TEST_CASE("a table that the program does not have is wrong usage") {
    const auto said = shop_says({"table", "total"});
    CHECK(said.code == weir::exit_code::usage);
    CHECK(said.err.find("table total: the program has no such table") != std::string::npos);
    CHECK(said.err.find("It has: totals") != std::string::npos);
}
