// SPDX-License-Identifier: Apache-2.0
// --output: what arrives in a topic, as lines of standard output; so a program is a filter in a
// shell's pipe.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/line_writer.hpp"
#include "cli/process.hpp"

namespace {

constexpr const char* bank = WEIR_BANK_PROGRAM;
using tests::process;

const std::string small = R"({"account":"a","amount":1})";
const std::string large = R"({"account":"b","amount":5})";
const std::string larger = R"({"account":"c","amount":50})";

}  // namespace

TEST_CASE("a program is a filter: lines in, lines of a topic that no agent reads out") {
    process p{{"--input", "withdrawals=-", "--output", "flagged", "--until-idle", "10ms"},
              bank,
              process::errors::apart};
    p.write(small + '\n' + large + '\n' + larger + '\n');
    p.end_input();
    CHECK(p.read_rest() == large + '\n' + larger + '\n');
    CHECK(p.read_errors().empty());
    CHECK(p.wait() == 0);
}

TEST_CASE("a filter ends behind its input, and short batches go out first") {
    process p{{"--input", "withdrawals=-", "--output", "pairs"}, bank};
    p.write(small + '\n' + large + '\n' + larger + '\n');
    p.end_input();
    CHECK(p.read_rest() == '[' + small + ',' + large + "]\n[" + larger + "]\n");
    CHECK(p.wait() == 0);
}

TEST_CASE("--output prints each line as it comes, not at the end") {
    process p{{"--output", "flagged", "--input", "withdrawals=-"}, bank};
    p.write(large + '\n');
    CHECK(p.read_to(large) == large + '\n');
    p.write(small + '\n' + larger + '\n');
    CHECK(p.read_to(larger) == larger + '\n');
    p.signal(SIGTERM);
    CHECK(p.wait() == 0);
}

TEST_CASE("--output prints what a stop has flushed, by --until-idle and by a signal") {
    process idle{{"--output", "pairs", "--input", "withdrawals=-", "--until-idle", "1ms"}, bank};
    idle.write(small + '\n');
    idle.end_input();
    CHECK(idle.read_rest() == '[' + small + "]\n");
    CHECK(idle.wait() == 0);

    process p{{"--output", "pairs", "--output", "flagged", "--input", "withdrawals=-"},
              bank,
              process::errors::apart};
    p.write(large + '\n');
    CHECK(p.read_to(large) == large + '\n');  // so the other agent has read it too
    p.signal(SIGINT);
    CHECK(p.read_rest() == '[' + large + "]\n");
    CHECK(p.wait() == 0);
}

TEST_CASE("when its reader has gone, a program stops without a word, exit code 0") {
    process p{{"--output", "flagged", "--input", "withdrawals=-"}, bank, process::errors::apart};
    p.write(large + '\n');
    CHECK(p.read_to(large) == large + '\n');
    p.end_output();
    p.write(larger + '\n');
    CHECK(p.read_errors().empty());
    CHECK(p.wait() == 0);
}

TEST_CASE("when its reader goes while nothing comes, a program stops all the same") {
    process p{{"--output", "flagged", "--input", "withdrawals=-"}, bank, process::errors::apart};
    p.write(large + '\n');
    CHECK(p.read_to(large) == large + '\n');
    p.end_output();
    CHECK(p.wait() == 0);  // its input is still open
    CHECK(p.read_errors().empty());

    process never{{"--output", "flagged"}, bank, process::errors::apart};
    never.end_output();
    CHECK(never.wait() == 0);
}

TEST_CASE("a reader that is slow loses nothing, and lines stay whole") {
    constexpr int n = 50'000;
    const auto path = std::filesystem::temp_directory_path() /
                      ("weir-output-" + std::to_string(::getpid()) + ".jsonl");
    {
        std::ofstream file{path};
        for (int i = 0; i < n; ++i)
            file << R"({"account":")" << std::string(static_cast<std::size_t>(i % 70), 'x')
                 << R"(","amount":)" << i + 5 << "}\n";
    }
    const auto input = "withdrawals=" + path.string();
    process p{{"--input", input.c_str(), "--output", "flagged", "--until-idle", "1ms"},
              bank,
              process::errors::apart};
    CHECK(p.read_to(R"({"account":"","amount":5})").size() == 26);  // and nothing for a while
    const auto rest = p.read_rest();
    std::filesystem::remove(path);
    CHECK(std::count(rest.begin(), rest.end(), '\n') == n - 1);
    CHECK(rest.ends_with(R"(","amount":50004})"
                         "\n"));
    CHECK(p.wait() == 0);
}

TEST_CASE("what is null is printed as null; a topic that is named twice is printed once") {
    weir::app app{"a"};
    std::vector<int> once{1};
    app.agent("send", weir::from(once)                                                   //
                          | weir::map([](int) { return std::optional<std::string>{}; })  //
                          | weir::to("nothing"));
    const auto said =
        tests::run(app, {"--output", "nothing", "--output", "nothing", "--until-idle", "0s"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == "null\n");
}

TEST_CASE("an output that cannot be is one sentence and exit code 2") {
    const auto says = [](const char* topic, const std::string& sentence) {
        weir::app app{"a"};
        app.agent("x", app.topic<std::string>("in") | weir::to("out"));
        const auto said = tests::run(app, {"--output", topic});
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.err == "prog: weir: --output " + sentence + '\n');
    };
    says("outt", "outt: the program has no such topic: did you mean 'out'? It has: in, out");
    says("fly", "fly: the program has no such topic; it has: in, out");
}

TEST_CASE("standard output that cannot be written ends the program with an error") {
    const int saved = ::dup(1), full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    std::fflush(stdout);
    weir::app app{"a"};
    app.agent("x", weir::from(std::vector<int>{1}) | weir::to("out"));
    tests::captured err{stderr};
    ::dup2(full, 1);
    const char* argv[] = {"prog", "--output", "out", "--until-idle", "0s"};
    const int code = app.main(5, argv);
    ::dup2(saved, 1), ::close(saved), ::close(full);
    CHECK(code == weir::exit_code::failed);
    CHECK(err.text() == "prog: weir: standard output: No space left on device\n");
}

TEST_CASE("a line_writer holds no more than its limit, and writes whole lines into a pipe") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    weir::detail::line_writer w{ends[1]};
    const std::string line(999, 'x');
    std::size_t lines = 0;
    while (w.room()) {
        w.put(line);
        ++lines;
    }
    CHECK(lines * 1000 < weir::detail::line_writer::buffer_max + 1000);
    CHECK(w.turn());
    CHECK(w.waits());  // nobody reads, and it has not waited for that
    CHECK(w.fd() == ends[1]);
    CHECK_FALSE(w.turn());
    CHECK_FALSE(w.gone());
    std::string got(4000, ' ');
    CHECK(::read(ends[0], got.data(), got.size()) == 4000);  // the first piece: four lines
    CHECK(std::count(got.begin(), got.end(), '\n') == 4);
    ::close(ends[0]);
    weir::detail::line_writer idle{ends[1]};  // has nothing to write, and sees it too
    CHECK(idle.turn());
    CHECK(idle.gone());
    CHECK(idle.fd() == -1);
    ::close(ends[1]);
}

TEST_CASE("dead letter topics are topics, for --output and for topics") {
    weir::app app{"a", {.on_produce_error = weir::dead_letter("unsent")}};
    const auto t = app.topic<int>("t", {.on_decode_error = weir::dead_letter("undecoded")});
    app.agent("x", t | weir::for_each([](int) { throw 1; }),
              {.on_error = weir::dead_letter("failed")});
    CHECK(tests::run(app, {"topics"}).out == "failed\nt\nundecoded\nunsent\n");
    app.agent("feed", weir::from(std::vector<int>{5}) | weir::to(t));
    const auto said = tests::run(app, {"--output", "failed", "--until-idle", "0s"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == "5\n");  // a number, as the topic's values are
}
