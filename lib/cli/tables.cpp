// SPDX-License-Identifier: Apache-2.0
// `prog tables` and `prog table`: what tables there are, and what is in one.
#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "../app/engine.hpp"
#include "../nearest.hpp"
#include "commands.hpp"
#include "text.hpp"

namespace weir::detail {
namespace {

/// Takes down the rows with this key, or all.
struct collected final : row_visitor {
    const bytes* only = nullptr;
    std::vector<std::pair<bytes, bytes>> rows{};
    void row(bytes_view key, bytes_view value) override {
        if (!only || bytes_view{*only} == key) rows.emplace_back(key, value);
    }
};

/// Adds up what the rows take.
struct measured final : row_visitor {
    std::size_t keys = 0, bytes = 0;
    void row(bytes_view key, bytes_view value) override {
        ++keys;
        bytes += key.size() + value.size();
    }
};

/// What the table's rows are: "key", "open windows".
std::string name_of_rows(const table_info& t, std::size_t n) {
    const auto& w = t.windows;
    const std::string one = !w.fixed ? "key" : w.in_panes ? "pane of open windows" : "open window";
    const auto many = w.in_panes ? "panes of open windows" : one + 's';
    const auto which = w.gap.count() > 0 ? " with open sessions" : "";
    return (n == 1 ? one : many) + which;
}

/// What is here of the table after a run.
std::string what_is_here(const engine& e, const table_info& t) {
    measured m;
    t.visit(m);
    offset lag = 0;
    for (auto& p : e.status()) {
        const auto is_its = [&](auto* in) { return in->name == p.topic; };
        if (std::any_of(t.sources.begin(), t.sources.end(), is_its)) lag += p.lag.value_or(0);
    }
    if (t.is_global)
        return fmt::format("    {} {}, {} bytes of keys and values; {}\n", m.keys,
                           name_of_rows(t, m.keys), m.bytes,
                           t.shard_count() > 0 ? "restored here" : "not restored here");
    const auto copies =
        t.standby == 0 ? std::string{}
                       : fmt::format("; {} copied here, {} {} behind", t.copies, t.copies_behind,
                                     t.copies_behind == 1 ? "record" : "records");
    return fmt::format(
        "    {} {}, {} bytes of keys and values; {} of {} {} restored here{}; lag {}\n", m.keys,
        name_of_rows(t, m.keys), m.bytes, t.shard_count(), t.changelog->partitions,
        t.changelog->partitions == 1 ? "partition" : "partitions", copies, lag);
}

}  // namespace

table_info& known_table(engine& e, const std::string& command, const std::string& name) {
    std::vector<std::string> known;
    std::string all;
    for (auto& [n, t] : e.tables().all()) {
        if (n == name) return *t;
        known.push_back(n);
        all += (all.empty() ? "" : ", ") + n;
    }
    const auto what = "weir: " + command + ' ' + name;
    if (all.empty()) throw setup_error{what + ": the program has no table"};
    const auto meant = did_you_mean(name, known);
    throw setup_error{what + ": the program has no such table" +
                      (meant.empty() ? "; it has: " : meant + " It has: ") + all};
}

/// Runs the app first, as `run` does, if it is told what to run on.
int print_tables(engine& e, const arguments& a) {
    const bool runs = !a.inputs.empty() || !a.keyed_inputs.empty() || !a.until_idle.empty();
    const auto code = runs ? run(e, a) : exit_code::ok;
    if (code != exit_code::ok) return code;
    for (auto& [name, t] : e.tables().all()) {
        const bool is_changed = !t->changed_by.empty();
        fmt::print("{}: {} -> {}{}\n", name, t->key_type, t->value_type,
                   (is_changed ? ", changed by agent " + t->changed_by : std::string{}) +
                       (t->windows.text.empty() ? "" : ", filled by " + t->windows.text) +
                       (t->is_global ? ", a global table of its topic" : ""));
        if (runs && (is_changed || t->is_global)) fmt::print("{}", what_is_here(e, *t));
        if (runs && !t->full.empty()) fmt::print("    {}\n", t->full);
    }
    return exit_code::ok;
}

/// Runs the app as `run` does, then prints what the table has.
int print_table(engine& e, const arguments& a) {
    const auto& t = known_table(e, "table", a.table);
    collected found;
    bytes key;
    if (!a.key.empty()) {
        try {
            key = from_text(t.key_form, a.key);
        } catch (const std::exception& x) {
            throw setup_error{"weir: table " + t.name + ": not a key of this table: " + x.what()};
        }
        found.only = &key;
    }
    const auto code = run(e, a);
    if (code != exit_code::ok) return code;
    t.visit(found);
    if (found.only && found.rows.empty())
        throw error{"weir: table " + t.name + " has no key '" + a.key + "'"};
    for (auto& [k, v] : found.rows) {
        if (found.only) fmt::print("{}\n", to_text(t.value_form, v));
        else fmt::print("{}\t{}\n", to_key_text(t.key_form, k), to_text(t.value_form, v));
    }
    return exit_code::ok;
}

}  // namespace weir::detail
