// SPDX-License-Identifier: Apache-2.0
// The program that app.main makes: what its commands print, what it says to a wrong command line.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/temp_file.hpp"

using namespace std::chrono_literals;

namespace {

using tests::printed;
using tests::run;

struct order {
    std::string account;
    double price;
};
/// Two agents; the second one's source is the first one's target.
void shop(weir::app& app) {
    auto orders = app.topic<std::string, order>("orders");
    auto sorted = app.topic<std::string, order>("sorted");
    app.agent("sort", orders | weir::filter([](const order& o) { return o.price > 1; })  //
                          | weir::group_by(&order::account)                              //
                          | weir::take(100, 10s)                                         //
                          | weir::flat_map(std::identity{})                              //
                          | weir::through(sorted));
    app.agent("all", sorted | weir::for_each([](const auto&) {}));
}
printed shop_says(const std::vector<const char*>& arguments) {
    weir::app app{"shop"};
    shop(app);
    return run(app, arguments);
}

}  // namespace

TEST_CASE("graph prints the pipelines as text") {
    const auto said = shop_says({"graph"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.err.empty());
    CHECK(said.out == R"~(agent sort
  topic orders : std::string, order
  | filter : std::string, order
  | group_by account : std::string, order
  topic shop-sort-account-repartition : std::string, order
  | take(100, 10 s) : std::optional<std::string>, weir::batch<order>
  | flat_map : std::string, order
  | through : std::string, order
  -> topic sorted : std::string, order
agent all
  topic sorted : std::string, order
  | for_each
)~");
    CHECK(shop_says({"graph", "--format", "text"}).out == said.out);
}

TEST_CASE("graph prints the pipelines as Mermaid") {
    const auto said = shop_says({"graph", "--format", "mermaid"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == R"~(flowchart LR
    n0[("topic orders")]
    n3[("topic shop-sort-account-repartition")]
    n7[("topic sorted")]
    subgraph agent0["agent sort"]
        n1["filter"]
        n2["group_by account"]
        n4["take(100, 10 s)"]
        n5["flat_map"]
        n6["through"]
    end
    subgraph agent1["agent all"]
        n8["for_each"]
    end
    n0 -- "std::string, order" --> n1
    n1 -- "std::string, order" --> n2
    n2 -- "std::string, order" --> n3
    n3 -- "std::string, order" --> n4
    n4 -- "std::optional#lt;std::string#gt;, weir::batch#lt;order#gt;" --> n5
    n5 -- "std::string, order" --> n6
    n6 -- "std::string, order" --> n7
    n7 -- "std::string, order" --> n8
)~");
}

TEST_CASE("graph prints the pipelines as DOT") {
    const auto said = shop_says({"graph", "--format=dot"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == R"~(digraph weir {
  rankdir=LR;
  n0 [label="topic orders", shape=cylinder];
  n3 [label="topic shop-sort-account-repartition", shape=cylinder];
  n7 [label="topic sorted", shape=cylinder];
  subgraph cluster0 {
    label="agent sort";
    n1 [label="filter", shape=box];
    n2 [label="group_by account", shape=box];
    n4 [label="take(100, 10 s)", shape=box];
    n5 [label="flat_map", shape=box];
    n6 [label="through", shape=box];
  }
  subgraph cluster1 {
    label="agent all";
    n8 [label="for_each", shape=box];
  }
  n0 -> n1 [label="std::string, order"];
  n1 -> n2 [label="std::string, order"];
  n2 -> n3 [label="std::string, order"];
  n3 -> n4 [label="std::string, order"];
  n4 -> n5 [label="std::optional<std::string>, weir::batch<order>"];
  n5 -> n6 [label="std::string, order"];
  n6 -> n7 [label="std::string, order"];
  n7 -> n8 [label="std::string, order"];
}
)~");
}

namespace {

/// One agent and two topics, with all that can be set.
void careful(weir::app& app) {
    using namespace weir;
    auto orders = app.topic<std::string, order>("orders", {.partitions = 8});
    auto good = app.topic<std::string, order>(
        "good", {.partitions = 1, .on_produce_error = retry(5, 1s).then(stop)});
    app.agent("sort", orders | weir::to(good), {.on_error = retry(3, 100ms).then(skip)});
    app.agent("see", good | weir::for_each([](const auto&) {}));
}

}  // namespace

TEST_CASE("the graph shows the policies and partitions that are set") {
    weir::app app{"a"};
    careful(app);
    CHECK(run(app, {"graph"}).out == R"~(agent sort [on_error: retry 3 x 100 ms, then skip]
  topic orders [8 partitions] : std::string, order
  | to
  -> topic good [1 partition; on_produce_error: retry 5 x 1 s, then stop] : std::string, order
agent see
  topic good [1 partition; on_produce_error: retry 5 x 1 s, then stop] : std::string, order
  | for_each
)~");
    CHECK(run(app, {"graph", "--format", "mermaid"}).out == R"~(flowchart LR
    n0[("topic orders<br/>8 partitions")]
    n2[("topic good<br/>1 partition; on_produce_error: retry 5 x 1 s, then stop")]
    subgraph agent0["agent sort [on_error: retry 3 x 100 ms, then skip]"]
        n1["to"]
    end
    subgraph agent1["agent see"]
        n3["for_each"]
    end
    n0 -- "std::string, order" --> n1
    n1 --> n2
    n2 -- "std::string, order" --> n3
)~");
    CHECK(run(app, {"graph", "--format", "dot"}).out == R"~(digraph weir {
  rankdir=LR;
  n0 [label="topic orders\n8 partitions", shape=cylinder];
  n2 [label="topic good\n1 partition; on_produce_error: retry 5 x 1 s, then stop", shape=cylinder];
  subgraph cluster0 {
    label="agent sort\non_error: retry 3 x 100 ms, then skip";
    n1 [label="to", shape=box];
  }
  subgraph cluster1 {
    label="agent see";
    n3 [label="for_each", shape=box];
  }
  n0 -> n1 [label="std::string, order"];
  n1 -> n2 [label=""];
  n2 -> n3 [label="std::string, order"];
}
)~");
}

TEST_CASE("a policy of the app is drawn where it counts; what all apps do is not drawn") {
    weir::app app{"a", {.on_decode_error = weir::skip, .on_error = weir::stop}};
    app.agent("x", app.topic<int>("in") | weir::to("out"));
    CHECK(app.graph().text() == "agent x [on_error: stop]\n"
                                "  topic in [on_decode_error: skip] : int\n"
                                "  | to\n"
                                "  -> topic out : int\n");
}

TEST_CASE("topics and agents list what there is, and start nothing") {
    CHECK(shop_says({"topics"}).out ==
          "orders\nshop-sort-account-repartition (internal)\nsorted\n");
    CHECK(shop_says({"agents"}).out == "sort\nall\n");
    CHECK(shop_says({"agents", "--broker", "kafka://nowhere:1"}).code == weir::exit_code::ok);
}

TEST_CASE("a pattern is listed as one, and is no topic to feed, to print or to send to") {
    weir::app app{"a"};
    app.agent("all", app.topics<order>("^orders-.*") | weir::to("copies"));
    CHECK(run(app, {"topics"}).out == "^orders-.* (pattern)\ncopies\n");
    CHECK(run(app, {"--output", "^orders-.*"}).err ==
          "prog: weir: --output ^orders-.*: the program has no such topic; it has: copies\n");
}

TEST_CASE("--help lists commands and options, and says what the exit codes mean") {
    const auto said = shop_says({"--help"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.err.empty());
    for (const char* part :
         {"shop processes streams", "--broker", "--set", "--input", "--keyed-output",
          "--until-idle", "WEIR_BROKER", "run ", "graph ", "topics ", "agents ",
          "Exit codes: 0 stopped as asked; 1 an error's policy was stop, or an input was bad; "
          "2 wrong usage."}) {
        CAPTURE(part);
        CHECK(said.out.find(part) != std::string::npos);
    }
}

TEST_CASE("what the command line does not know is named, with a hint, and exit code 2") {
    const auto names = [](const std::vector<const char*>& arguments, const std::string& culprit) {
        CAPTURE(culprit);
        const auto said = shop_says(arguments);
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.out.empty());
        CHECK(said.err.starts_with("prog: "));
        CHECK(said.err.ends_with("; see prog --help\n"));
        CHECK(said.err.find(culprit) != std::string::npos);
        CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
    };
    names({"--speed", "9"}, "--speed");
    names({"fly"}, "fly");
    names({"run", "graph"}, "graph");
    names({"graph", "--format", "svg"}, "svg");
    names({"--broker"}, "--broker");
    names({"--until-idle", "1s", "--until-idle", "2s"}, "--until-idle");
}

TEST_CASE("a wrong command line is one sentence and exit code 2") {
    const auto says = [](const std::vector<const char*>& arguments, const std::string& sentence) {
        const auto said = shop_says(arguments);
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.out.empty());
        CHECK(said.err == sentence + "\n");
    };
    says({"--set", "linger.ms"}, "prog: weir: --set linger.ms: write --set property=value");
    says({"--set", "=5"}, "prog: weir: --set =5: write --set property=value");
    says({"--broker", "nats://x"},
         "prog: weir: broker 'nats://x' is not a broker URL: use memory://, memory://NAME or "
         "kafka://host:port");
    says({"--broker", "kafka://localhost"},
         "prog: weir: broker 'kafka://localhost': 'localhost' is not host:port: write "
         "kafka://host:port, or kafka://host:port,host:port");
}

TEST_CASE("--until-idle takes a number and a unit, nothing else") {
    for (const std::string bad : {"", "5", "s", "2 s", "-2s", "1.5s", "2sec", "2s ",
                                  "9223372036854775807h", "1e3ms", "99999999999999999999s"}) {
        CAPTURE(bad);
        const auto said = shop_says({"--until-idle", bad.c_str()});
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.err ==
              "prog: weir: '" + bad + "' is not a duration: write 500ms, 2s, 5min or 1h\n");
    }
    for (const char* good : {"0s", "1ms"})
        CHECK(shop_says({"--until-idle", good}).code == weir::exit_code::ok);
    weir::app app{"stopped at once"};
    for (const char* good : {"2s", "5min", "1h"}) {
        app.stop();
        CHECK(run(app, {"--until-idle", good}).code == weir::exit_code::ok);
    }
}

TEST_CASE("librdkafka's properties mean nothing to the embedded broker: this is said once") {
    struct noted final : weir::hooks {
        std::vector<std::string> lines;
        void log(std::string_view line) override { lines.emplace_back(line); }
    } told;
    weir::app app{"a", {.kafka = {{"linger.ms", "5"}}, .hooks = &told}};
    CHECK(run(app, {"--set", "acks=1", "--set", "fetch.min.bytes=1", "--until-idle", "0s"}).code ==
          weir::exit_code::ok);
    app.stop();
    app.run();
    CHECK(told.lines == std::vector<std::string>{
                            "the embedded broker ignores librdkafka's properties (3 given)"});
}

TEST_CASE("explain runs what it is fed, and says what holds a partition's commit back") {
    const auto none = shop_says({"explain", "orders", "0"});
    CHECK(none.code == weir::exit_code::ok);
    CHECK(none.out == "orders[0]: nothing holds it: nothing has been read\n");
    weir::app app{"shop"};
    auto orders = app.topic<int>("orders");
    app.agent("feed", weir::from(std::vector<int>{1, 2, 3}) | weir::to(orders));
    app.agent("all", orders | weir::take(2) | weir::for_each([](const auto&) {}));
    const auto said = run(app, {"explain", "orders", "0", "--until-idle", "20ms"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out.starts_with(
        "orders[0]@2 in agent 'all', take(2): its batch is not complete, for "));
    CHECK(shop_says({"explain", "order", "0"}).code == weir::exit_code::usage);
    const auto kafka = shop_says({"explain", "orders", "0", "--broker", "kafka://localhost:9092"});
    CHECK(kafka.code == weir::exit_code::usage);
    CHECK(kafka.err.find("only the program that runs knows") != std::string::npos);
}

TEST_CASE("explain always answers, also when its inputs have ended and all is done") {
    weir::app app{"shop"};
    auto orders = app.topic<int>("orders", {.partitions = 3});
    app.topic<int>("unread", {.partitions = 1});
    app.agent("all", orders | weir::take(2) | weir::for_each([](const auto&) {}));
    const temp_file f{"1\n2\n3\n4\n"}, odd{"1\n2\n3\n"}, bad{"1\n2\nthree\n"};
    const auto asked = [&](const char* topic, const char* partition, const temp_file& from) {
        const auto input = "orders=" + from.path();
        return run(app, {"explain", topic, "--until-idle", "20ms", "--input", input.c_str(), "--",
                         partition});
    };
    const std::string nothing = ": nothing holds it: nothing has been read\n";
    CHECK(asked("unread", "0", f).out == "unread[0]: no agent reads this topic\n");
    std::string done;  // of each partition: a file's lines have no keys
    for (const char* p : {"0", "1", "2"}) done += asked("orders", p, f).out;
    const temp_file none{""};
    CHECK(asked("orders", "0", none).out == "orders[0]" + nothing);
    CHECK(done.find("]: nothing holds it: committed ") != done.npos);
    std::string held;
    for (const char* p : {"0", "1", "2"}) held += asked("orders", p, odd).out;
    CHECK(held.find(" in agent 'all', take(2): its batch is not complete, for ") != held.npos);
    for (const char* p : {"3", "7", "-1"}) {
        const auto said = asked("orders", p, f);
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.out.empty());
        CHECK(said.err == "prog: weir: explain orders " + std::string{p} +
                              ": there is no partition " + p + ": the topic has 3, 0 to 2\n");
    }
    CHECK(asked("unread", "1", f).err.ends_with("no partition 1: the topic has one, 0\n"));
    const auto failed = asked("orders", "0", bad);
    CHECK(failed.code == weir::exit_code::failed);
    CHECK(failed.out.starts_with("orders[0]"));
}

TEST_CASE("--version says which weir and which librdkafka it is") {
    const auto said = shop_says({"--version"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.err.empty());
    CHECK(said.out.starts_with("prog (weir 0."));
    CHECK(said.out.find(", librdkafka ") != said.out.npos);
    CHECK(said.out.ends_with(")\n"));
    CHECK(shop_says({"graph", "--version"}).out == said.out);
}

TEST_CASE("a run that nothing feeds says so; one that something may feed does not") {
    const auto hints = [](weir::app& app, std::vector<const char*> arguments) {
        arguments.insert(arguments.end(), {"--until-idle", "1ms"});
        return run(app, arguments).err;
    };
    const std::string hint =
        "weir: nothing feeds memory://, a broker inside this process: give --input TOPIC=FILE, or "
        "Kafka's address with --broker kafka://host:port\n";
    const auto read = [](weir::app& app) {
        app.agent("all", app.topic<int>("t") | weir::for_each([](int) {}));
    };
    weir::app unfed{"a"}, fed{"a"}, ranged{"a"}, timed{"a"}, empty{"a"}, sent{"a"};
    for (auto* app : {&unfed, &fed, &ranged, &timed, &sent}) read(*app);
    CHECK(hints(unfed, {}) == hint);
    CHECK(hints(unfed, {"--broker", "memory://shared"}).empty());
    CHECK(hints(fed, {"--input", "t=/dev/null"}).empty());
    ranged.agent("range", weir::from(std::vector<int>{}) | weir::to("t"));
    CHECK(hints(ranged, {}).empty());
    timed.timer(1h, [] {});
    CHECK(hints(timed, {}).empty());
    CHECK(hints(empty, {}).empty());
    static_cast<void>(sent.topic<int>("t").send(weir::bytes{}, 5));
    CHECK(hints(sent, {}).empty());
}

TEST_CASE("--stats prints a line of counters so often") {
    weir::app app{"shop"};
    auto orders = app.topic<int>("orders");
    app.agent("feed", weir::from(std::vector<int>{1, 2, 3}) | weir::to(orders));
    app.agent("all", orders | weir::for_each([](int) {}));
    const auto said = run(app, {"--stats", "5ms", "--until-idle", "50ms"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.err.find("weir: read 3 in 1 batches (largest 3), sent 3 (delivered 3), commits ") !=
          std::string::npos);
}

TEST_CASE("--stats needs a pause between two lines, and takes the longest there is") {
    const auto none = shop_says({"--stats", "0s"});
    CHECK(none.code == weir::exit_code::usage);
    CHECK(none.err ==
          "prog: weir: --stats 0s: the time must be longer than zero: write 10s, for example\n");
    for (const char* longest : {"2562047h", "9223372036854ms"}) {
        const auto said = shop_says({"--stats", longest, "--until-idle", "1ms"});
        CHECK(said.code == weir::exit_code::ok);
        CHECK(said.err.find("weir: read 0") == said.err.npos);
    }
}

TEST_CASE("a port of the broker is a number from 1 to 65535") {
    const auto says = [](const std::string& port) {
        const auto url = "kafka://localhost:" + port;
        const auto said = shop_says({"--broker", url.c_str()});
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.err == "prog: weir: broker '" + url + "': '" + port +
                              "' is not a port, a number from 1 to 65535: write "
                              "kafka://host:port, or kafka://host:port,host:port\n");
    };
    for (auto* port : {"65536", "70000", "99999", "0", "+9", "9x", "4294967297"}) says(port);
}
