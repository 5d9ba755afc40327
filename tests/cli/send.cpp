// SPDX-License-Identifier: Apache-2.0
// prog send TOPIC VALUE: one message, checked and delivered.
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include <weir/transport/memory.hpp>
#include <weir/weir.hpp>

#include "cli/captured.hpp"

namespace {

struct order {
    std::string account;
    double price;
};
/// "shop send …", with a broker that others use too.
struct shop {
    weir::app app{"shop", {.broker = "memory://shop"}};
    std::shared_ptr<weir::transport::memory_broker> broker =
        weir::transport::memory_broker::named("shop");
    shop() {
        app.agent("a", app.topic<order>("orders") | weir::to("copies"));
        app.agent("b", app.topic<std::string, order>("keyed") | weir::for_each([](auto&) {}));
        app.agent("c",
                  app.topic<std::optional<int>, order>("numbered") | weir::for_each([](auto&) {}));
        for (const char* name : {"orders", "keyed", "numbered"}) broker->create_topic({name, 1});
    }
    tests::printed send(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "send");
        return tests::run(app, arguments);
    }
    void refuses(const std::vector<const char*>& arguments, const std::string& sentence) {
        const auto said = send(arguments);
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.out.empty());
        CHECK(said.err == "prog: " + sentence + '\n');
    }
};
constexpr const char* good = R"({"account":"ann","price":2})";

}  // namespace

TEST_CASE("send: the message is in its topic when the program ends, and nothing was started") {
    shop s;
    const auto said = s.send({"orders", good});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out.empty());
    CHECK(said.err.empty());
    const auto there = s.broker->dump("orders");
    REQUIRE(there.size() == 1);
    CHECK(there[0].value.view() == good);
    CHECK(there[0].key.is_null());
    CHECK(s.broker->dump("copies").empty());
}

TEST_CASE("send --key: the key goes with it; an empty one is not none") {
    shop s;
    CHECK(s.send({"keyed", good, "--key", "k"}).code == weir::exit_code::ok);
    CHECK(s.send({"keyed", good, "--key", ""}).code == weir::exit_code::ok);
    const auto there = s.broker->dump("keyed");
    REQUIRE(there.size() == 2);
    CHECK(there[0].key.view() == "k");
    CHECK(there[1].key.view().empty());
    CHECK_FALSE(there[1].key.is_null());
}

TEST_CASE("send checks value and key with the topic's codecs first") {
    shop s;
    s.refuses({"orders", R"({"account":1})"},
              "weir: send orders: not a value of this topic: order.account: expected a "
              "string, found 1");
    s.refuses({"keyed", good},
              "weir: send keyed: not a key (write --key) of this topic: null where none is "
              "allowed: make the type std::optional<…>");
    s.refuses({"numbered", good, "--key", "five"},
              "weir: send numbered: not a key of this topic: expected an integer from -2147483648 "
              "to 2147483647, found 'five'");
    CHECK(s.broker->dump("orders").empty());
}

TEST_CASE("send takes numbers and null as text") {
    shop s;
    s.app.topic<std::optional<long>>("counts");
    s.broker->create_topic({"counts", 1});
    CHECK(s.send({"numbered", good, "--key", "5"}).code == weir::exit_code::ok);
    CHECK(s.send({"numbered", good, "--key", "null"}).code == weir::exit_code::ok);
    CHECK(s.send({"--", "counts", "-2"}).code == weir::exit_code::ok);
    CHECK(s.send({"counts", "null"}).code == weir::exit_code::ok);
    const auto keys = s.broker->dump("numbered"), values = s.broker->dump("counts");
    REQUIRE((keys.size() == 2 && values.size() == 2));
    CHECK(keys[0].key.view() == std::string_view{"\0\0\0\5", 4});
    CHECK(keys[1].key.is_null());
    CHECK(values[0].value.view() == std::string_view{"\xff\xff\xff\xff\xff\xff\xff\xfe", 8});
    CHECK(values[1].value.is_null());
}

TEST_CASE("send: a topic that the program does not have is answered with those it has") {
    shop s;
    s.refuses({"oders", good},
              "weir: send oders: the program has no such topic: did you mean 'orders'? It has: "
              "copies, keyed, numbered, orders");
}

TEST_CASE("send on a broker that dies with the process is refused with a sentence") {
    weir::app app{"a"};
    app.agent("x", app.topic<std::string>("t") | weir::to("u"));
    const auto said = tests::run(app, {"send", "t", "v"});
    CHECK(said.code == weir::exit_code::usage);
    CHECK(said.err ==
          "prog: weir: send t: memory:// exists only during a run, and none has begun: use "
          "--broker kafka://host:port, or feed a run with --input\n");
}

TEST_CASE("send: a delivery that fails is an error, exit code 1") {
    shop s;
    s.broker->fail_next_send("orders", 1);
    const auto said = s.send({"orders", good});
    CHECK(said.code == weir::exit_code::failed);
    CHECK(said.err.starts_with("prog: weir: send orders: "));
}
