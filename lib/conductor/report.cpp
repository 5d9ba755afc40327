// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "../escaped.hpp"

namespace weir::detail {

std::string text_of(const std::exception_ptr& what) {
    try {
        std::rethrow_exception(what);
    } catch (const std::exception& e) { return e.what(); } catch (...) {
        return "an exception that is not a std::exception";
    }
}

std::string text_of(const topic_partition& tp) {
    return tp.topic + '[' + std::to_string(tp.partition) + ']';
}
std::string text_of(const error_report& r) {
    auto text = r.topic;
    if (r.partition >= 0)
        text += '[' + std::to_string(r.partition) + "]@" + std::to_string(r.offset);
    return r.made_of.empty() ? text : text + " (" + r.made_of + ')';
}

namespace {

using topics = std::vector<const topic_info*>;
/// The topics that are not internal. Topics may be sent in a circle.
void add_origins(const topic_info& t, topics& seen, topics& to) {
    for (const auto* s : t.sources) {
        if (std::find(seen.begin(), seen.end(), s) != seen.end()) continue;
        seen.push_back(s);
        if (s->internal) add_origins(*s, seen, to);
        else to.push_back(s);
    }
}

}  // namespace

std::string made_of(const topic_info& t) {
    if (!t.internal) return {};
    topics seen, origins;
    add_origins(t, seen, origins);
    std::string names;
    for (const auto* o : origins) names += (names.empty() ? "'" : ", '") + o->name + '\'';
    const auto* of = origins.empty()       ? "made"
                     : origins.size() == 1 ? "made of topic "
                                           : "made of topics ";
    return of + names + " by " + t.made_by;
}

namespace {

counters::failures& failures_of(counters& c, const error_report& r) {
    return r.seam == "decode" ? c.decode : r.seam == "produce" ? c.produce : c.process;
}

}  // namespace

template <class F>
void guarded_hooks::tell(F f) noexcept {
    if (!to_) return;
    try {
        f(*to_);
    } catch (...) {
        if (!thrown_) thrown_ = std::current_exception();
    }
}
void guarded_hooks::log(std::string_view line) {
    tell([&](weir::hooks& h) { h.log(line); });
}
void guarded_hooks::failed(const error_report& r) {
    tell([&](weir::hooks& h) { h.failed(r); });
}
void guarded_hooks::assigned(const topic_partition& p) {
    ++counts.assigned;
    tell([&](weir::hooks& h) { h.assigned(p); });
}
void guarded_hooks::revoked(const topic_partition& p, bool lost) {
    ++(lost ? counts.lost : counts.revoked);
    tell([&](weir::hooks& h) { h.revoked(p, lost); });
}
void guarded_hooks::committed(const topic_partition& p, offset o) {
    tell([&](weir::hooks& h) { h.committed(p, o); });
}

void guarded_hooks::commit_failed(std::string_view why) {
    ++counts.failed_commits;
    tell([&](weir::hooks& h) { h.commit_failed(why); });
}
void guarded_hooks::read(const topic_partition& p, std::size_t n) {
    counts.messages += n;
    ++counts.batches;
    counts.largest_batch = std::max<std::uint64_t>(counts.largest_batch, n);
    tell([&](weir::hooks& h) { h.read(p, n); });
}
void guarded_hooks::lost_offsets(const topic_partition& p, offset from, offset to) {
    counts.lost_offsets += static_cast<std::uint64_t>(to - from);
    tell([&](weir::hooks& h) { h.lost_offsets(p, from, to); });
}
void guarded_hooks::restoring(const std::string& table, partition_id p, offset from, offset to) {
    tell([&](weir::hooks& h) { h.restoring(table, p, from, to); });
}
void guarded_hooks::restored(const std::string& table, partition_id p) {
    tell([&](weir::hooks& h) { h.restored(table, p); });
}
void guarded_hooks::late(const late_value& v) {
    ++counts.late;
    tell([&](weir::hooks& h) { h.late(v); });
}
void guarded_hooks::passed_over(const passed_message& m) {
    ++counts.passed_over;
    tell([&](weir::hooks& h) { h.passed_over(m); });
}
void guarded_hooks::retried(const error_report& r) {
    ++failures_of(counts, r).retries;
    tell([&](weir::hooks& h) { h.retried(r); });
}
void guarded_hooks::dead_letter(const error_report& r, std::string_view topic) {
    ++counts.dead_letters;
    tell([&](weir::hooks& h) { h.dead_letter(r, topic); });
}

void reporter::log(std::string_view line) {
    const auto one = escaped(line);  // an error may quote a message that has line ends
    if (!logs_) hooks_.log(one);
    else std::fprintf(stderr, "%sweir: %s\n", before_line_, one.c_str());
}

void reporter::log_failure(std::string line) {
    const bool quiet = unsaid_ == 0 && now_ >= next_count_;
    if (quiet) lines_ = 0;
    if (lines_ < lines_max) {
        ++lines_;
        next_count_ = later(now_, count_interval);
        return log(line);
    }
    ++unsaid_;
    last_unsaid_ = std::move(line);
}
void reporter::turn(time_point now) {
    now_ = now;
    if (now_ >= next_count_) flush();
}
void reporter::flush() {
    if (unsaid_ == 0) return;
    log(std::to_string(std::exchange(unsaid_, 0)) + " more failed, the last one: " + last_unsaid_);
    next_count_ = later(now_, count_interval);
}

void reporter::failed(error_report r, policy::action what, std::string_view done) {
    auto& c = failures_of(hooks_.counts, r);
    ++(what == policy::action::skip          ? c.skipped
       : what == policy::action::dead_letter ? c.dead_lettered
                                             : c.stopped);
    const auto who = r.seam + (r.agent.empty() ? "" : " in agent '" + r.agent + "'");
    log_failure(who + ": " + text_of(r) + ": " + r.text + " (" + std::string{done} + ')');
    hooks().failed(r);
    errors_.push_back(std::move(r));
    if (errors_.size() > errors_max) errors_.pop_front();
}

}  // namespace weir::detail

namespace weir {

std::string counters::text() const {
    std::string s;
    const auto add = [&](const std::string& what) { s += (s.empty() ? "" : ", ") + what; };
    const auto number = [](auto n, const char* what) { return what + (' ' + std::to_string(n)); };
    const auto some = [&](auto n, const char* what) {
        if (n > 0) add(number(n, what));
    };
    add(number(messages, "read") + " in " + std::to_string(batches) + " batches (largest " +
        std::to_string(largest_batch) + ')');
    if (sent > 0) add(number(sent, "sent") + " (delivered " + std::to_string(delivered) + ')');
    add(number(commits, "commits"));
    some(failed_commits, "failed commits");
    add(number(partitions, "partitions"));
    add(number(held, "held"));
    add(number(lag, "lag"));
    using namespace std::chrono_literals;
    if (oldest >= 1ms)
        add("oldest " + detail::text_of(std::chrono::floor<std::chrono::milliseconds>(oldest)));
    some(tables, "tables");
    if (tables > 0) add(number(keys, "keys"));
    some(restoring, "restoring");
    some(copies, "copies");
    some(copies_behind, "copies behind");
    const auto failed = [&](const failures& f, const std::string& where) {
        some(f.stopped, (where + " stopped").c_str());
        some(f.skipped, (where + " skipped").c_str());
        some(f.dead_lettered, (where + " dead-lettered").c_str());
        some(f.retries, (where + " retries").c_str());
    };
    failed(decode, "decode");
    failed(process, "process");
    failed(produce, "produce");
    some(dead_letters, "dead letters");
    some(lost, "partitions lost");
    some(lost_offsets, "lost offsets");
    some(stale_holds, "stale holds");
    some(late_records, "late records of changelogs");
    some(late, "too late for a window");
    some(passed_over, "passed over");
    return s;
}

}  // namespace weir
