// SPDX-License-Identifier: Apache-2.0
// What happens when a message fails: its policy is asked here.
#include <algorithm>

#include <weir/error.hpp>

#include "conductor.hpp"
#include "dead_letter.hpp"

namespace weir::detail {
namespace {

error_report undecodable_report(const owned_partition& p) {
    const auto& bad = *p.undecodable();
    return {"decode",
            {},
            p.tp.topic,
            p.tp.partition,
            bad.message().offset,
            text_of(bad.error),
            made_of(*bad.reader->topic)};
}

bool is_encode_error(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const encode_error&) { return true; } catch (...) {
        return false;
    }
}

}  // namespace

void conductor::say_where(error_report& r, const origins& from, std::size_t i) {
    const auto* tp = from.partition_of(i);
    if (!tp) return;
    r.topic = tp->topic;
    r.partition = tp->partition;
    r.offset = from.offset_of(i);
    const auto readers = readers_of(tp->topic);
    r.made_of = readers.empty() ? "" : made_of(*readers.front()->topic);
}

/// The agent's policy, or else the app's. If neither is set, the default must not lose a batch, end
/// a pull loop without an error, or drop a value because it cannot be written.
const policy& conductor::policy_of(const agent_info& a, bool of_batch,
                                   const std::exception_ptr& error) const {
    static const policy skips{weir::skip}, stops{weir::stop};
    if (a.on_error.is_set()) return a.on_error;
    return of_batch || a.pull || is_encode_error(error) ? stops : skips;
}

/// A message at a cursor, or an asynchronous call, has failed.
void conductor::handle_failure(retryable& what, agent_info& agent, bool of_batch,
                               const std::exception_ptr& error) {
    if (auto held = what.from().hold_of(what.at()); held.ownership() == ownership::lost) {
        held.forfeit();  // it was parked when its partition was lost: the next owner reads it
        what.tries.reset();
        return what.skip();
    }
    const auto& policy = policy_of(agent, of_batch, error);
    error_report report{"process", agent.name, {}, -1, -1, text_of(error)};
    say_where(report, what.from(), what.at());
    // A message that was acknowledged by hand is finished. Its failure is reported, and not
    // retried.
    if (!what.acked && what.tries.retry(policy, now_)) {
        report_.hooks().retried(report);
        return what.retry();
    }
    what.tries.reset();
    const bool dead_letters = policy.has_dead_letters() && !report.topic.empty();
    if (policy.has_dead_letters() && !dead_letters)
        report_.failed(report, "stop: a value of no topic cannot be a dead letter");
    else if (what.acked) report_.failed(report, weir::policy{policy.last(), policy.topic()});
    else report_.failed(report, policy);
    if (policy.last() == policy::action::skip) return what.skip();
    if (dead_letters) {
        send_dead_letters(what, agent, report, policy.topic());
        return what.skip();
    }
    if (agent.pull) return stop_with(error);
    const auto* mend =
        !agent.on_error.is_set() && is_encode_error(error)
            ? "; correct or drop such values before they are sent, or give the agent "
              "an on_error policy"
            : "";
    stop_with(std::make_exception_ptr(weir::error{"weir: agent '" + agent.name + "' stopped at " +
                                                  text_of(report) + ": " + report.text + mend}));
}

/// Sends one dead letter for each message behind the failed value. Each keeps its message open
/// until the broker has it.
void conductor::send_dead_letters(retryable& what, agent_info& agent, const error_report& report,
                                  const std::string& topic) {
    const auto held = what.acked ? hold{} : what.from().hold_of(what.at());
    each_message(what.from(), what.at(), [&](const origins& from, std::size_t i) {
        const auto m = from.message_of(i);
        auto its = report;
        say_where(its, from, i);
        outgoing letter{m.key, {}, m.value, from.headers_of(i), m.timestamp};
        add_cause(letter.headers, its, m.timestamp);
        report_.hooks().dead_letter(its, topic);
        producer_.send_dead_letter(topic, &agent, std::move(letter), held.share());
    });
}

// ------------------------------------------------------------------------------------------ decode
const policy& conductor::decode_policy(const owned_partition& p) const {
    const auto& own = p.undecodable()->reader->topic->options.on_decode_error;
    return own.is_set() ? own : settings_.options.on_decode_error;
}

/// Asks the policy about each message that does not decode, until one has to wait.
bool conductor::handle_undecodable(owned_partition& p) {
    bool busy = false;
    while (p.undecodable() && !p.stopped() && apply_decode_policy(p)) busy = true;
    if (!p.stopped() || error_ || !p.cursors_finished()) return busy;
    stop_undecodable(p);
    return true;
}

/// False if it has to wait, for a retry or for room for a dead letter.
bool conductor::apply_decode_policy(owned_partition& p) {
    auto& bad = *p.undecodable();
    const auto& policy = decode_policy(p);
    if (p.dealt_with(bad)) {
        p.pass_undecodable();
        return true;
    }
    if (!bad.asked && bad.tries.retry(policy, now_)) report_.hooks().retried(undecodable_report(p));
    bad.asked = true;
    if (bad.tries.waits(now_)) return false;
    if (bad.tries.failed()) {
        p.decode_again();
        return true;
    }
    if (policy.has_dead_letters() && producer_.has_backlog()) return false;
    if (policy.last() != policy::action::skip && !policy.has_dead_letters()) {
        p.stop_at_undecodable();
        return true;
    }
    const auto& m = bad.message();
    const auto report = undecodable_report(p);
    report_.failed(report, policy);
    if (policy.has_dead_letters()) {
        outgoing letter{m.key, {}, m.value, bad.headers(), m.timestamp};
        add_cause(letter.headers, report, m.timestamp);
        report_.hooks().dead_letter(report, policy.topic());
        producer_.send_dead_letter(policy.topic(), nullptr, letter, {*p.tracker, m.offset});
    }
    p.pass_undecodable();
    return true;
}

/// Everything before the message is finished. Now the run stops at it.
void conductor::stop_undecodable(owned_partition& p) {
    const auto report = undecodable_report(p);
    report_.failed(report, "stop");
    stop_with(std::make_exception_ptr(
        decode_error{"weir: " + text_of(report) + " does not decode: " + report.text +
                     "; correct the producer, or give the topic an on_decode_error policy"}));
}

// ------------------------------------------------------------------------------------------ others
/// Handles exceptions that were thrown where nobody could catch them.
void conductor::take_errors() {
    if (producer_.error()) stop_with(producer_.error());
    if (auto thrown = report_.hooks().thrown()) stop_with(std::move(thrown));
}

void conductor::stop_with(std::exception_ptr error) {
    if (!error_) error_ = std::move(error);
    stop_asked_ = true;
}

}  // namespace weir::detail
