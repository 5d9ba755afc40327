// SPDX-License-Identifier: Apache-2.0
// --input: a topic of the embedded broker is fed from a file. What is good is processed and
// committed, also when what follows is bad.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/transport/memory.hpp>
#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/input.hpp"
#include "cli/temp_file.hpp"

namespace {

struct reading {
    int id;
    double celsius;
};
using ids = std::vector<int>;
using committed = std::optional<weir::offset>;

std::string line(int id) {
    return R"({"id": )" + std::to_string(id) + R"(, "celsius": 20.5})" + '\n';
}
std::string lines(int first, int last) {
    std::string all;
    for (int i = first; i <= last; ++i) all += line(i);
    return all;
}

/// A program with the topics "t" and "u". What it wrote on standard error is in `said`.
struct program {
    weir::app app{"a"};
    ids seen{};
    std::vector<std::size_t> sizes{};
    std::string said{};

    program() {
        app.agent("see", app.topic<reading>("t") |
                             weir::for_each([this](const reading& r) { seen.push_back(r.id); }));
        app.agent("batches",
                  app.topic<reading>("u") | weir::take(4) |
                      weir::for_each([this](const auto& b) { sizes.push_back(b.size()); }));
    }
    /// With `--input` for each; ends when there is nothing more to do.
    int run(const std::vector<std::string>& inputs, const char* option = "--input") {
        std::vector<const char*> argv{"prog", "--until-idle", "0s"};
        for (auto& i : inputs) {
            argv.push_back(option);
            argv.push_back(i.c_str());
        }
        std::fflush(stderr);
        const int memory = ::memfd_create("said", 0), saved = ::dup(STDERR_FILENO);
        ::dup2(memory, STDERR_FILENO);
        const int code = app.main(static_cast<int>(argv.size()), argv.data());
        std::fflush(stderr);
        ::dup2(saved, STDERR_FILENO), ::close(saved);
        said.resize(static_cast<std::size_t>(::lseek(memory, 0, SEEK_END)));
        CHECK(::pread(memory, said.data(), said.size(), 0) == static_cast<::ssize_t>(said.size()));
        ::close(memory);
        return code;
    }
    committed committed_of(const std::string& topic) const {
        for (auto& p : app.partitions())
            if (p.topic == topic) return p.committed;
        return {};
    }
};

}  // namespace

TEST_CASE("--input feeds a topic with a file's lines") {
    const temp_file f{lines(1, 5)};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::ok);
    CHECK(p.said.empty());
    CHECK(p.seen == ids{1, 2, 3, 4, 5});
    CHECK(p.committed_of("t") == committed{5});
}

TEST_CASE("--input: empty lines do not count, \\r\\n is an end of line, the last may have none") {
    const temp_file f{"\n" + line(1) + "\n\r\n" + R"({"id": 2, "celsius": 1})" + "\r\n" +
                      R"({"id": 3, "celsius": 1})"};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::ok);
    CHECK(p.seen == ids{1, 2, 3});
    const temp_file empty{""};
    program q;
    CHECK(q.run({"t=" + empty.path()}) == weir::exit_code::ok);
    CHECK(q.seen.empty());
}

TEST_CASE("--input: a line that is longer than what is read at once is one value") {
    const temp_file f{line(1) + R"({"id": 2, "celsius": 1)" + std::string(200'000, ' ') + "}\n" +
                      line(3)};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::ok);
    CHECK(p.seen == ids{1, 2, 3});
}

TEST_CASE("--input: more lines than one turn sends all arrive, in order") {
    const temp_file f{lines(0, 2999)};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::ok);
    REQUIRE(p.seen.size() == 3000);
    for (int i = 0; i < 3000; ++i) CHECK(p.seen[static_cast<std::size_t>(i)] == i);
    CHECK(p.committed_of("t") == committed{3000});
}

TEST_CASE("a bad seventh line: file:7 is named, lines 1 to 6 are processed and committed") {
    const temp_file f{lines(1, 6) + "{\"id\": \"seven\"}\n" + lines(8, 9)};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::failed);
    CHECK(p.said == "prog: weir: " + f.path() +
                        ":7: not a value of topic 't': reading.id: expected an integer, found a "
                        "string: correct the line\n");
    CHECK(p.seen == ids{1, 2, 3, 4, 5, 6});
    CHECK(p.committed_of("t") == committed{6});
}

TEST_CASE("a bad line counts the empty ones before it, and a take's short batch is delivered") {
    const temp_file f{"\n" + lines(1, 6) + "\n\nno\n"};
    program p;
    CHECK(p.run({"u=" + f.path()}) == weir::exit_code::failed);
    CHECK(p.said.starts_with("prog: weir: " + f.path() + ":10: not a value of topic 'u': "));
    CHECK(p.sizes == std::vector<std::size_t>{4, 2});
    CHECK(p.committed_of("u") == committed{6});
}

TEST_CASE("--until-idle is an error where the app reads patterns alone and no topic matches") {
    const auto run_with = [](bool matches) {
        weir::app app{"a"};
        if (matches) app.topic<int>("orders-1");
        app.agent("a", app.topics<int>("^orders-") | weir::for_each([](int) {}));
        app.agent("b", app.topics<int>("^bills-") | weir::for_each([](int) {}));
        return tests::run(app, {"--until-idle", "0s"});
    };
    const auto said = run_with(false);
    CHECK(said.code == weir::exit_code::failed);
    CHECK(said.err.ends_with("prog: weir: nothing was read: no topic matches '^orders-', "
                             "'^bills-'\n"));
    CHECK(run_with(true).code == weir::exit_code::ok);
}

TEST_CASE("--input ends as ever where its limits are duration::max()") {
    weir::app app{"a", {.shutdown_timeout = weir::duration::max()}};
    ids seen;
    app.agent("see", app.topic<reading>("t") |
                         weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    const temp_file f{lines(1, 2)};
    const auto input = "t=" + f.path();
    CHECK(tests::run(app, {"--input", input.c_str(), "--output", "t"}).code == weir::exit_code::ok);
    CHECK(seen == ids{1, 2});
}

TEST_CASE("--until-idle flushes what waits for company, and goes on before it stops") {
    const temp_file f{lines(1, 6)};
    program p;
    CHECK(p.run({"u=" + f.path()}) == weir::exit_code::ok);
    CHECK(p.sizes == std::vector<std::size_t>{4, 2});
    CHECK(p.committed_of("u") == committed{6});
}

TEST_CASE("--until-idle goes on with what a flush gave, from take to take, from topic to topic") {
    const temp_file f{lines(1, 3)};
    program p;
    std::size_t batches = 0;
    p.app.agent("first", p.app.topic<reading>("v")              //
                             | weir::take(100)                  // a short batch of three
                             | weir::flat_map(std::identity{})  //
                             | weir::take(2)                    // then two and one
                             | weir::through("batches"));
    p.app.agent("second", p.app.topic<std::vector<reading>>("batches")  //
                              | weir::take(10) |
                              weir::for_each([&](const auto& b) { batches += b.size(); }));
    CHECK(p.run({"v=" + f.path()}) == weir::exit_code::ok);
    CHECK(batches == 2);
    CHECK(p.committed_of("v") == committed{3});
    CHECK(p.committed_of("batches") == committed{2});
}

TEST_CASE("two inputs feed two topics, or one") {
    const temp_file f{lines(1, 4)}, g{lines(11, 12)};
    program p;
    CHECK(p.run({"t=" + f.path(), "u=" + f.path(), "t=" + g.path()}) == weir::exit_code::ok);
    CHECK(p.seen.size() == 6);
    CHECK(p.sizes == std::vector<std::size_t>{4});
}

TEST_CASE("an input that cannot be is one sentence and exit code 2; nothing runs") {
    const auto says = [](const std::string& input, const std::string& sentence) {
        program p;
        const temp_file good{lines(1, 2)};
        CHECK(p.run({"t=" + good.path(), input}) == weir::exit_code::usage);
        CHECK(p.said == "prog: weir: --input " + input + sentence + '\n');
        CHECK(p.seen.empty());
    };
    says("t=/no/such/file.jsonl", ": No such file or directory: check the path");
    says("t=", ": No such file or directory: check the path");
    says("t=/", ": this is a folder: name a file, or - for standard input");
    says("t", ": write --input topic=file.jsonl");
    says("=x.jsonl", ": write --input topic=file.jsonl");
    program p;
    CHECK(p.run({"nope=x.jsonl"}) == weir::exit_code::usage);
    CHECK(p.said == "prog: weir: --input nope: the program has no such topic; it has: t, u\n");
    CHECK(p.run({"t=-", "u=-"}) == weir::exit_code::usage);
    CHECK(p.said ==
          "prog: weir: --input u=-: standard input feeds another topic already: give it once\n");
}

TEST_CASE("an input that is no regular file and never waits is read to its end") {
    program p;
    CHECK(p.run({"t=/dev/null"}) == weir::exit_code::ok);
    CHECK(p.said.empty());
}

TEST_CASE("--keyed-input: a line is a key, a tab and a value") {
    const temp_file f{"a\t" + line(1) + "\t" + line(2) + "b\t" + line(3)};
    program p;
    std::vector<std::string> keys;
    p.app.agent("keys", p.app.topic<std::string, reading>("k")  //
                            | weir::group_by(&reading::id)      //
                            | weir::for_each([&](const reading& r) { p.seen.push_back(r.id); }));
    CHECK(p.run({"k=" + f.path()}, "--keyed-input") == weir::exit_code::ok);
    CHECK(p.said.empty());
    CHECK(p.seen == ids{1, 2, 3});
}

TEST_CASE("--keyed-input: a line without a tab, or with what is no key, is named") {
    const auto says = [](const std::string& text, const std::string& sentence) {
        const temp_file f{text};
        program p;
        p.app.agent("n", p.app.topic<int, reading>("n") | weir::for_each([](auto&) {}));
        CHECK(p.run({"n=" + f.path()}, "--keyed-input") == weir::exit_code::failed);
        CHECK(p.said == "prog: weir: " + f.path() + sentence + ": correct the line\n");
    };
    says("\n" + line(1), ":2: no tab between the key and a value of topic 'n'");
    says("five\t" + line(1),
         ":1: not a key of topic 'n': expected an integer from -2147483648 to 2147483647, found "
         "'five'");
    says("1\t5\n", ":1: not a value of topic 'n': expected an object, found 5");
}

TEST_CASE("a topic with keys is not fed with lines that have none") {
    program p;
    p.app.agent("n", p.app.topic<std::string, reading>("n") | weir::for_each([](auto&) {}));
    CHECK(p.run({"n=x.jsonl"}) == weir::exit_code::usage);
    CHECK(p.said ==
          "prog: weir: --input n=x.jsonl: the topic's messages have keys: write --keyed-input "
          "n=FILE, its lines being a key, a tab and a value\n");
}

TEST_CASE("--input: a byte order mark and blank lines are passed over") {
    const temp_file f{"\xef\xbb\xbf" + line(1) + "  \t\n" + line(2) + " \r\n"};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::ok);
    CHECK(p.said.empty());
    CHECK(p.seen == ids{1, 2});
    const temp_file marked{"\xef\xbb\xbf"};
    CHECK(p.run({"t=" + marked.path()}) == weir::exit_code::ok);
}

TEST_CASE("--input: a line that has no end in sight is refused, with the limit") {
    constexpr auto most = weir::detail::line_input::line_max;
    const temp_file f{line(1) + std::string(most + 1, 'x')};
    program p;
    CHECK(p.run({"t=" + f.path()}) == weir::exit_code::failed);
    CHECK(p.said == "prog: weir: " + f.path() +
                        ":2: the line is longer than 16777216 bytes: correct the line\n");
    CHECK(p.seen == ids{1});
    const temp_file longer{R"({"id": 2, "celsius": 1})" + std::string(1'000'000, ' ') + '\n'};
    CHECK(p.run({"t=" + longer.path()}) == weir::exit_code::ok);
    CHECK(p.seen == ids{1, 2});
}

namespace {

/// Runs an app with "t" and what its policy says; prints its dead letters.
tests::printed run_with(weir::topic_options options, const std::string& text, ids& seen) {
    weir::app app{"a"};
    app.topic("t", options);  // as bytes, first
    app.agent("see", app.topic<reading>("t", options) |
                         weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    const temp_file f{text};
    const auto input = "t=" + f.path();
    if (!options.on_decode_error.has_dead_letters())
        return tests::run(app, {"--input", input.c_str()});
    return tests::run(app, {"--input", input.c_str(), "--output", "bad"});
}

}  // namespace

TEST_CASE("--input: a line that does not decode is the topic's policy's, and the run goes on") {
    using namespace std::chrono_literals;
    const auto text = line(1) + "no json\n" + line(3);
    for (auto policy :
         {weir::dead_letter("bad"), weir::retry(2, 1ms).then(weir::dead_letter("bad"))}) {
        ids seen;
        const auto said = run_with({.on_decode_error = policy}, text, seen);
        CHECK(said.code == weir::exit_code::ok);
        CHECK(said.out == "no json\n");
        CHECK(seen == ids{1, 3});
    }
    ids skipped, stopped;
    CHECK(run_with({.on_decode_error = weir::skip}, text, skipped).code == weir::exit_code::ok);
    CHECK(skipped == ids{1, 3});
    CHECK(run_with({.on_decode_error = weir::stop}, text, stopped).code == weir::exit_code::failed);
    CHECK(stopped == ids{1});
}

TEST_CASE("--input: the app's policy is obeyed where the topic has none") {
    weir::app app{"a", {.on_decode_error = weir::dead_letter("bad")}};
    ids seen;
    app.agent("see", app.topic<int>("t") | weir::for_each([&](int n) { seen.push_back(n); }));
    const temp_file f{"5\nfive\nsix\n7\n"};  // five is as long as a number's bytes
    const auto input = "t=" + f.path();
    const auto said = tests::run(app, {"--input", input.c_str(), "--output", "bad"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == "five\\n\nsix\n");
    CHECK(seen == ids{5, 7});
}

TEST_CASE("--keyed-input: what is no key, no value or has no tab is the policy's as well") {
    weir::app app{"a", {.on_decode_error = weir::dead_letter("bad")}};
    ids seen;
    app.agent("see", app.topic<int, reading>("t") |
                         weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    const temp_file f{"1\t" + line(1) + "x\t" + line(2) + "abcd\t" + line(3) + "4\tno\n" +
                      "line\n" + "6\t" + line(6)};
    const auto input = "t=" + f.path();
    const auto said = tests::run(app, {"--keyed-input", input.c_str(), "--output", "bad"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(std::count(said.out.begin(), said.out.end(), '\n') == 4);
    CHECK(seen == ids{1, 6});
}

TEST_CASE("--input: the policy of the pattern by which a topic is read is obeyed") {
    const temp_file f{line(1) + "no json\n" + line(3)};
    const auto input = "t-1=" + f.path();
    const auto run_by = [&](weir::topic_options by_pattern, weir::topic_options by_name, ids& seen,
                            bool named_too) {
        weir::app app{"a"};
        const auto see = [&](const reading& r) { seen.push_back(r.id); };
        auto named = app.topic<reading>("t-1", by_name);
        app.agent("all", app.topics<reading>("^t-", by_pattern) | weir::for_each(see));
        if (named_too) app.agent("named", named | weir::for_each([](const reading&) {}));
        return tests::run(app, {"--input", input.c_str()}).code;
    };
    ids skips, stops, both;
    CHECK(run_by({.on_decode_error = weir::skip}, {}, skips, false) == weir::exit_code::ok);
    CHECK(skips == ids{1, 3});
    CHECK(run_by({}, {.on_decode_error = weir::skip}, stops, false) == weir::exit_code::failed);
    CHECK(stops == ids{1});
    CHECK(run_by({.on_decode_error = weir::skip}, {}, both, true) == weir::exit_code::failed);
    CHECK(both == ids{1});
}

TEST_CASE("--input: a bad line of a topic that nobody reads is told: no policy will see it") {
    weir::app app{"a"};
    app.topic<reading>("t", {.on_decode_error = weir::skip});
    const temp_file f{"no\n"};
    const auto input = "t=" + f.path();
    CHECK(tests::run(app, {"--input", input.c_str()}).code == weir::exit_code::failed);
}

TEST_CASE("--input: a line that finds no room is sent when there is some") {
    const temp_file f{lines(1, 5)};
    const auto broker = std::make_shared<weir::transport::memory_broker>();
    broker->create_topic({.name = "t"});
    weir::app app{"a"};
    const auto t = app.topic<reading>("t");
    const weir::clock time;
    weir::detail::line_input input{t.info(),
                                   {.file = f.path()},
                                   weir::transport::connect(broker, "a", {.queue_max = 1}),
                                   time};
    while (input.turn()) {}
    CHECK(input.over());
    CHECK(broker->dump("t").size() == 5);
}
