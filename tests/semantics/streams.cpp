// SPDX-License-Identifier: Apache-2.0
// Values, keys and null.
#include <optional>
#include <string>
#include <vector>

#include "driven.hpp"

namespace {

struct order {
    std::string account;
    int pieces = 0;
};

}  // namespace

TEST_CASE("semantics 6: values are decoded with the topic's codec; without a type they are bytes") {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders");
    auto raw = app.topic("raw");
    std::vector<std::string> seen;
    app.agent("orders", orders | weir::for_each([&](const order& o) {
                            seen.push_back(o.account + " " + std::to_string(o.pieces));
                        }));
    app.agent("raw", raw | weir::for_each([&](const weir::bytes& b) {
                         seen.push_back("raw " + std::string{b.view()});
                     }));
    test_driver test{app};
    test.send_raw(orders, {}, R"({"account":"ann","pieces":3})");
    test.send_raw(raw, {}, R"({"account":"ann","pieces":3})");
    CHECK(seen == std::vector<std::string>{"ann 3", R"(raw {"account":"ann","pieces":3})"});
}

TEST_CASE("semantics 6: null is an empty optional where the type is one, null where it is bytes") {
    weir::app app{"shop"};
    auto maybe = app.topic<std::optional<std::string>, std::optional<order>>("maybe");
    auto raw = app.topic("raw");
    std::vector<bool> there;
    app.agent("maybe", maybe | weir::for_each([&](const std::optional<order>& o) {
                           there.push_back(o.has_value());
                       }));
    app.agent("raw",
              raw | weir::for_each([&](const weir::bytes& b) { there.push_back(!b.is_null()); }));
    test_driver test{app};
    test.send(maybe, std::nullopt, std::nullopt);
    test.send(maybe, "k", order{"ann", 1});
    test.send_raw(raw, {}, {});
    test.send_raw(raw, {}, "");  // empty is not null
    CHECK(there == std::vector<bool>{false, true, false, true});
    CHECK(test.items(maybe).front().first == std::nullopt);
    CHECK(test.errors().empty());
}

TEST_CASE("semantics 6: a null key is an empty optional where the key's type is one, null bytes, "
          "told from empty, where it is bytes") {
    weir::app app{"shop"};
    auto maybe = app.topic<std::optional<std::string>, int>("in");
    auto raw = app.topic<int>("in");
    std::vector<std::optional<std::string>> keys;
    std::vector<bool> null;
    app.agent("maybe", maybe | weir::items() |
                           weir::for_each([&](const auto& item) { keys.push_back(item.key()); }));
    app.agent("raw", raw | weir::events() | weir::for_each([&](auto& event) {
                         null.push_back(event.key().is_null());
                     }));
    test_driver test{app};
    test.send(maybe, std::nullopt, 1);
    test.send(maybe, "", 2);
    test.send(maybe, "k", 3);
    CHECK(keys == std::vector<std::optional<std::string>>{std::nullopt, "", "k"});
    CHECK(null == std::vector<bool>{true, false, false});
    CHECK(test.errors().empty());
}

TEST_CASE("semantics 6: elsewhere a null value or key is a decode error") {
    weir::app app{"shop", {.on_decode_error = weir::skip}};
    auto keyed = app.topic<std::string, order>("keyed");
    int seen = 0;
    app.agent("a", keyed | weir::for_each([&](const order&) { ++seen; }));
    test_driver test{app};
    test.send(keyed, "k", std::nullopt);
    test.send(keyed, std::nullopt, order{"ann", 1});
    test.send(keyed, "k", order{"ann", 1});
    CHECK(seen == 1);
    CHECK(test.errors().size() == 2);
    CHECK(test.errors().front().seam == "decode");
    test.commit();
    CHECK(test.committed(keyed, 0) == std::optional<weir::offset>{3});
}
