// SPDX-License-Identifier: Apache-2.0
// items: the key beside the value, decoded once, wherever the stream comes from.
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

struct order {
    std::string account;
    int amount = 0;
};

template <class K, class V>
using pairs = std::vector<std::pair<K, V>>;

template <class Pairs>
auto into(Pairs& got) {
    return weir::for_each([&got](const auto& item) {
        auto& [key, value] = item;
        got.emplace_back(key, value);
    });
}

}  // namespace

TEST_CASE("semantics 5: items yields (key, value)") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    pairs<std::string, int> got;
    app.agent("i", in | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1);
    test.send(in, "b", 2);
    CHECK(got == pairs<std::string, int>{{"a", 1}, {"b", 2}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("an item is taken apart, constant or not, and has names for its parts") {
    weir::app app{"a"};
    auto in = app.topic<int, std::string>("in");
    int seen = 0;
    app.agent("auto", in | weir::items() | weir::for_each([&](auto& item) {
                          auto& [key, value] = item;
                          static_assert(std::is_same_v<decltype(key), const int>);
                          static_assert(std::is_same_v<decltype(value), const std::string>);
                          CHECK(key == 7);
                          CHECK(value == "a");
                          ++seen;
                      }));
    app.agent("named",
              in | weir::items() | weir::for_each([&](const weir::item<int, std::string>& item) {
                  CHECK(item.key() == 7);
                  CHECK(item.value() == "a");
                  ++seen;
              }));
    test_driver test{app};
    test.send(in, 7, "a");
    CHECK(seen == 2);
}

TEST_CASE("items is drawn with the type that it yields") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("i", in | weir::items());
    CHECK(app.graph().text() == "agent i\n"
                                "  topic in : std::string, int\n"
                                "  | items : std::string, weir::item<std::string, int>\n");
}

TEST_CASE("without a key type the key is bytes, and null is told from empty") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    pairs<weir::bytes, int> got;
    app.agent("i", in | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1);
    test.send(in, std::nullopt, 2);
    test.send(in, weir::bytes{""}, 3);
    CHECK(got == pairs<weir::bytes, int>{{"a", 1}, {weir::bytes{}, 2}, {"", 3}});
    pairs<weir::bytes, int> ranged;
    for (auto& [key, value] : weir::from(std::vector{1}) | weir::items())
        ranged.emplace_back(key, value);
    CHECK(ranged == pairs<weir::bytes, int>{{weir::bytes{}, 1}});
}

TEST_CASE("behind group_by the key is the field, behind through what it was") {
    weir::app app{"a"};
    auto in = app.topic<int, order>("in");
    pairs<std::string, int> grouped;
    pairs<int, int> passed;
    app.agent("grouped", in | weir::group_by(&order::account) | weir::items() |
                             weir::for_each([&](const auto& item) {
                                 grouped.emplace_back(item.key(), item.value().amount);
                             }));
    app.agent("passed",
              in | weir::through("mid") | weir::items() | weir::for_each([&](const auto& item) {
                  passed.emplace_back(item.key(), item.value().amount);
              }));
    test_driver test{app};
    test.send(in, 5, {"ann", 1});
    test.send(in, 6, {"bob", 2});
    CHECK(grouped == pairs<std::string, int>{{"ann", 1}, {"bob", 2}});
    CHECK(passed == pairs<int, int>{{5, 1}, {6, 2}});
}

TEST_CASE("behind map and scan a value keeps the key of its message") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    pairs<std::string, int> got;
    app.agent("i", in | weir::map([](int i) { return 2 * i; }) | weir::scan(0, std::plus{}) |
                       weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1);
    test.send(in, "b", 2);
    CHECK(got == pairs<std::string, int>{{"a", 2}, {"b", 6}});
}

TEST_CASE("behind take the key is the one that a batch's messages share, or none") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    std::vector<std::optional<std::string>> keys;
    std::vector<std::vector<int>> values;
    app.agent("i", in | weir::take(2) | weir::items() | weir::for_each([&](const auto& item) {
                       auto& [key, batch] = item;
                       keys.push_back(key);
                       values.push_back(batch.values());
                   }));
    test_driver test{app};
    for (auto& [key, value] : pairs<std::string, int>{{"a", 1}, {"a", 2}, {"a", 3}, {"b", 4}})
        test.send(in, key, value);
    CHECK(keys == std::vector<std::optional<std::string>>{"a", std::nullopt});
    CHECK(values == std::vector<std::vector<int>>{{1, 2}, {3, 4}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("a batch that is taken apart gives each value its own key back") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    pairs<std::string, int> got;
    app.agent("i",
              in | weir::take(2) | weir::flat_map(std::identity{}) | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1);
    test.send(in, "b", 2);
    CHECK(got == pairs<std::string, int>{{"a", 1}, {"b", 2}});
}

TEST_CASE("behind an asynchronous map the key is still there") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    pairs<std::string, int> got;
    const auto late = [](int i) -> weir::task<int> {
        co_await weir::sleep(1ms);
        co_return 10 * i;
    };
    app.agent("i", in | weir::map(late, {.concurrency = 2}) | weir::items() | into(got));
    test_driver test{app};
    test.append(in, "a", 1);
    test.append(in, "b", 2);
    test.run();
    test.advance(1s);
    CHECK(got == pairs<std::string, int>{{"a", 10}, {"b", 20}});
}

TEST_CASE("items copies neither key nor value; take behind it copies each once") {
    weir::app app{"a"};
    auto in = app.topic<counted, counted>("in");
    int sum = 0;
    const auto sees = in | weir::items();
    app.agent("sees", sees | weir::for_each([&](const auto& item) {
                          sum += 100 * item.key().number + item.value().number;
                      }));
    test_driver test{app};
    test.append(in, counted{1}, counted{2});
    test.append(in, counted{3}, counted{4});
    counted::copies = 0;
    test.run();
    CHECK(sum == 406);
    CHECK(counted::copies == 0);

    weir::app other{"b"};
    auto there = other.topic<counted, counted>("in");
    other.agent("keeps", there | weir::items() | weir::take(1) | weir::for_each([&](auto& batch) {
                             for (auto& [key, value] : batch)
                                 sum += 100 * key.number + value.number;
                         }));
    test_driver driver{other};
    driver.append(there, counted{1}, counted{2});
    driver.append(there, counted{3}, counted{4});
    counted::copies = 0;
    driver.run();
    CHECK(sum == 812);
    CHECK(counted::copies == 4);
}

TEST_CASE("numbered items, and items of numbered values") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    std::vector<std::string> got;
    app.agent("one", in | weir::items() | weir::enumerate() | weir::for_each([&](const auto& x) {
                         auto& [i, item] = x;
                         auto& [key, value] = item;
                         got.push_back(std::to_string(i) + key + std::to_string(value));
                     }));
    app.agent("two", in | weir::enumerate() | weir::items() | weir::for_each([&](const auto& x) {
                         auto& [key, indexed] = x;
                         auto& [i, value] = indexed;
                         got.push_back(key + std::to_string(i) + std::to_string(value));
                     }));
    test_driver test{app};
    test.send(in, "a", 7);
    CHECK(got == std::vector<std::string>{"0a7", "a07"});
}
