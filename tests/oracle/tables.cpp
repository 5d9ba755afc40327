// SPDX-License-Identifier: Apache-2.0
// The pipelines of tables, and of aggregations of streams and tables.
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "scenario.hpp"

namespace oracle {
namespace {

using std::string;

weir::topic<string, text> input(weir::app& app) { return app.topic<string, text>("in"); }

// ---- streams -----------------------------------------------------------------------------------

void count(weir::app& app, const scenario&) {
    auto counts = app.table<string, std::int64_t>("counts");
    app.agent("count", input(app) | weir::count(counts) | weir::map([](std::int64_t n) {
                           return std::to_string(n);
                       }) | weir::to("out"));
}

void reduce(weir::app& app, const scenario&) {
    auto all = app.table<string, string>("all");
    app.agent("reduce", input(app) | weir::reduce(all, [](const string& a, const string& b) {
                            return a + "+" + b;
                        }) | weir::to("out"));
}

void aggregate(weir::app& app, const scenario&) {
    auto all = app.table<string, string>("all", {.init = "0"});
    app.agent("aggregate", input(app) | weir::aggregate(all, [](const string& a, const string& v) {
                               return v == "x" ? text{} : text{a + "+" + v};
                           }) | weir::to("out"));
}

// ---- tables ------------------------------------------------------------------------------------

void table(weir::app& app, const scenario&) {
    auto last = app.table<string, string>("last");
    app.agent("table", input(app) | weir::to_table(last) | weir::to("out"));
}

void map_values(weir::app& app, const scenario&) {
    auto last = app.table<string, string>("last");
    app.agent("map", input(app) | weir::to_table(last) | weir::map([](const text& v) {
                         return v ? text{*v + "0"} : v;
                     }) | weir::to("out"));
}

/// What does not pass is a null, and a null is passed on only to erase something.
void filter(weir::app& app, const scenario&) {
    auto even = app.table<string, string>("even");
    app.agent("filter", input(app) | weir::map([](const text& v) {
                            return v && std::stoi(*v) % 2 == 0 ? v : text{};
                        }) | weir::items() |
                            weir::filter([even](const weir::item<string, text>& i) {
                                return i.value() || even.contains(i.key());
                            }) |
                            weir::map([](const weir::item<string, text>& i) { return i.value(); }) |
                            weir::to_table(even) | weir::to("out"));
}

// ---- tables, grouped ---------------------------------------------------------------------------

/// Where a row belongs, and what it counts for there.
struct member {
    string group, value;
};
using member_of = std::optional<member> (*)(const string& key, const string& value);

/// What changes in a group: a value goes, another one comes, or both at once.
struct change {
    string group;
    text minus, plus;
};

/// Keeps the rows of the input in a table, and sends what each change of a row changes in the
/// groups. A row that moves leaves its old group first. Returns these changes, keyed by group.
auto by_group(weir::app& app, member_of member) {
    auto rows = app.table<string, string>("rows");
    const auto moves = [rows, member](const weir::item<string, text>& i) {
        auto& [key, value] = i;
        const auto* before = rows.find(key);
        const auto from = before ? member(key, *before) : std::nullopt;
        const auto into = value ? member(key, *value) : std::nullopt;
        if (value) rows.put(key, *value);
        else rows.erase(key);
        std::vector<change> changes;
        if (from) changes.push_back({from->group, from->value, {}});
        if (from && into && from->group == into->group) changes.back().plus = into->value;
        else if (into) changes.push_back({into->group, {}, into->value});
        return changes;
    };
    app.agent("rows", input(app) | weir::items() | weir::flat_map(moves) | weir::to("changes"),
              {.tables = {rows}});
    return app.topic<string, change>("changes") | weir::group_by(&change::group);
}

void group_count(weir::app& app, const scenario&) {
    auto counts = app.table<string, std::int64_t>("counts");
    app.agent("count", app.table(input(app)).changes() |
                           weir::group_by([](const string& value) { return value; }, "value") |
                           weir::count(counts) |
                           weir::map([](std::int64_t n) { return std::to_string(n); }) |
                           weir::to("out"));
}

void group_reduce(weir::app& app, const scenario&) {
    auto all = app.table<string, string>("all");
    const auto key_by_value = [](const string& key, const string& value) {
        return std::optional{member{value, key}};
    };
    const auto add = [](string& s, const change& c) {
        if (c.minus) s += "-" + *c.minus;
        if (c.plus) s += (s.empty() ? "" : "+") + *c.plus;
    };
    app.agent("reduce", by_group(app, key_by_value) | weir::aggregate(all, add) | weir::to("out"));
}

/// Rows are written down when they come and when they go.
template <class F>
void write_down(weir::app& app, F group) {
    auto all = app.table<string, string>("all", {.init = "0"});
    app.agent("aggregate", app.table(input(app)).changes() | weir::group_by(group, "group") |
                               weir::aggregate(
                                   all, [](string& a, const string& v) { a += "+" + v; },
                                   [](string& a, const string& v) { a += "-" + v; }) |
                               weir::to("out"));
}

void group_aggregate(weir::app& app, const scenario& s) {
    if (s.id == "table-aggregate-basic")
        return write_down(app, [](const string& key, const string&) { return key; });
    if (s.id == "table-aggregate-rekey")
        return write_down(app, [](const string& key, const string& value) {
            const bool none = key == "null" || key == "NULL";
            return none ? text{} : text{value};
        });
    if (s.id != "table-aggregate-remove-before-add")
        throw std::runtime_error{s.id +
                                 ": add what it aggregates to group_aggregate in tables.cpp"};
    const auto by_letter = [](const string& key, const string&) {
        return std::optional{member{key.substr(0, 1), key.substr(1)}};
    };
    const auto add = [](string& all, const change& c) {
        if (c.minus) std::erase(all, c.minus->front());
        if (c.plus) all += *c.plus;
    };
    auto all = app.table<string, string>("all", {.init = ""});
    app.agent("aggregate", by_group(app, by_letter) | weir::aggregate(all, add) | weir::to("out"));
}

}  // namespace

const by_operator& of_tables() {
    static const by_operator all{
        {"stream-group-by-aggregate", aggregate},
        {"stream-group-by-count", count},
        {"stream-group-by-reduce", reduce},
        {"table", table},
        {"table-filter", filter},
        {"table-group-by-aggregate", group_aggregate},
        {"table-group-by-count", group_count},
        {"table-group-by-reduce", group_reduce},
        {"table-map-values", map_values},
    };
    return all;
}

}  // namespace oracle
