// SPDX-License-Identifier: Apache-2.0
// JSON, and codecs of one's own.
//
// Prints:
//   {"$id":"7","user-agent":"curl","copies":1}
//   7 by curl, 1 copies
//   {"id":"p1","state":"in-transit",*,"to":[52.5,13.4],*,"weight":"2.50","extra":{"a":[1, 2]}}
//   p1 is on its way
//   value: parcel.state: expected one of open, in-transit, delivered, found "lost"
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [names]
struct request {
    std::string id;
    std::string agent;
    int copies = 1;
    std::optional<std::string> note;

    static constexpr weir::names json_names{&request::id, "$id", &request::agent, "user-agent"};
    static constexpr bool json_defaults = true;    // a missing field is what `request{}` has there
    static constexpr bool json_omit_empty = true;  // an empty std::optional is not written
};
// [/names]

// [enum]
enum class state { open, in_transit, delivered };
template <>
struct weir::json_rules<state> {  // an enumeration has no members: its rules stand beside it
    static constexpr weir::names json_names{state::in_transit, "in-transit"};
};
// [/enum]

// [own]
struct weight {
    long grams = 0;
};
template <>
struct weir::codec<weight> {
    static constexpr bool json_text = true;  // inside JSON its bytes are a string; else JSON
    static void decode(bytes_view from, weight& into) {
        into.grams = std::lround(std::stod(std::string{from.view()}) * 1000);
    }
    static void encode(const weight& w, bytes& onto) {
        if (w.grams < 0) throw encode_error{"a weight below zero"};
        onto.append(fmt::format("{:.2f}", static_cast<double>(w.grams) / 1000));
    }
};
// [/own]

// [types]
struct parcel {
    std::string id;
    ::state state = state::open;                           // "open", "in-transit"
    weir::timestamp sent;                                  // "2024-06-07T12:34:56.000Z"
    std::array<double, 2> to{};                            // [52.5,13.4]
    std::map<std::string, std::string> labels;             // {"fragile":"yes"}
    std::chrono::milliseconds took{};                      // 1500
    std::variant<std::monostate, long, std::string> seen;  // null, 7 or "by ann"
    ::weight weight;                                       // "2.50", by its own codec
    weir::raw_json extra;                                  // whatever it is, as it was sent
};
// [/types]

int main() {
    weir::app app{"shop"};
    auto requests = app.topic<request>("requests");
    auto parcels = app.topic<parcel>("parcels");
    app.agent("requests", requests | weir::for_each([](const request& r) {
        fmt::print("{} by {}, {} copies\n", r.id, r.agent, r.copies);
    }));
    app.agent("parcels", parcels | weir::for_each([](const parcel& p) {
        if (p.state == state::in_transit) fmt::print("{} is on its way\n", p.id);
    }));

    weir::testing::test_driver test{app};
    const auto written = [&](const char* topic) {
        const auto all = test.values(test.peek<weir::bytes, weir::bytes>(topic));
        fmt::print("{}\n", all.back().view());
    };
    test.append(requests, std::nullopt, request{"7", "curl", 1, {}});
    written("requests");
    test.run();

    const weir::timestamp noon{1717763696s};
    test.append(parcels, std::nullopt,
                parcel{"p1", state::in_transit, noon, {52.5, 13.4}, {{"fragile", "yes"}}, 1500ms,
                       {}, {2500}, weir::raw_json{"{\"a\":[1, 2]}"}});
    written("parcels");
    test.run();
    test.send_raw(parcels, {}, R"({"id":"p2","state":"lost"})");
    for (auto& e : test.errors()) fmt::print("{}\n", e.text);
}
