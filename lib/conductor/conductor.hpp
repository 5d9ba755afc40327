// SPDX-License-Identifier: Apache-2.0
// The loop of one run: passes messages through the segments, and commits finished ones.
#pragma once
#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/transport/transport.hpp>

#include "../state/tables.hpp"
#include "background.hpp"
#include "committer.hpp"
#include "coroutines.hpp"
#include "ordering.hpp"
#include "owned_partition.hpp"
#include "producer.hpp"
#include "purger.hpp"
#include "report.hpp"
#include "run_plan.hpp"
#include "settings.hpp"

namespace weir::detail {

/// One run of an app, from the first subscription to leaving the group. Owned by the engine; used
/// on the loop's thread (`stop` may be called anywhere). Invariants: a sink has at most one parked
/// message; a commit names only assigned partitions.
///
///     conductor.cpp   what a run is made of, and one turn of it
///     cursors.cpp     one segment works on one input
///     ordering.cpp    which of several inputs goes next, where time matters
///     bodies.cpp      tables that bodies change
///     failures.cpp    what a failure leads to
///     groups.cpp      partitions that come and go
///     ending.cpp      sources that end, coroutines that return, the end of the run
///     status.cpp      what is committed, held and behind
///     explain.cpp     what holds a commit back
class conductor final : transport::listener, body_changes, table_listener {
public:
    conductor(const settings&, transport::transport&, reporter&);
    ~conductor();
    /// Destroys what is left of the run: coroutines, messages, boundaries.
    void end();

    detail::plan& plan() { return plan_; }
    const std::vector<std::unique_ptr<plan::topic_reader>>& readers() { return plan_.readers(); }
    /// A table of the run, before the first subscription.
    void use(table_info&);
    void use_global(table_info&, bool skips_undecodable);
    const tables& of_tables() const { return tables_; }
    /// Adds what the plan has got since the last call, and subscribes.
    void subscribe(const std::vector<transport::subscription>&);
    /// Starts a task or a timer in the next turn.
    void run(const job_info& j) { background_.add(j); }

    /// One turn: handles news from the transport and what is due, then gives each topic and each
    /// boundary a turn. False if there was nothing to do.
    bool turn();
    /// When there will be something to do, as far as that is known. `without_commits`: the
    /// committer's tick does not count.
    time_point due(bool without_commits) const;
    /// Calls on other threads. Their results do not depend on the clock.
    offload_pool& offloaded() { return pool_; }
    /// Whether the last turn did nothing but call a timer.
    bool only_timers() const { return only_timers_; }
    /// Whether every task has ended.
    bool background_idle() const { return background_.idle(); }
    /// The message in this agent's sink is finished.
    void passed(const agent_info&, time_point now);
    void commit() { committer_.commit(partitions_); }
    /// Flushes short batches and calls that wait for others. False if there are none.
    bool flush();
    /// Whether topics were added or have grown since the last call.
    bool take_topics_changed() { return std::exchange(topics_changed_, false); }

    // topic.send
    /// False if too many messages wait already. The hold is of the message that was being
    /// processed.
    bool send(send_request& r, hold h) { return producer_.send(r, std::move(h)); }
    void send_when_possible(send_request& r) { producer_.send_when_possible(r); }
    void forget(send_request& r) noexcept { producer_.forget(r); }
    /// A hold of the message that is being processed. Empty between messages.
    hold hold_current() const;
    /// Between turns: a hold of the message that a pull loop's body works on.
    hold hold_pulled() const;

    // the end
    /// Ends the run: finishes what is in work, flushes, commits, leaves the group. May be called
    /// from a body, a signal handler, or another thread.
    void stop() noexcept;
    bool stopped() const { return state_ == state::stopped; }
    bool stopping() const { return state_ != state::running; }
    /// True if it is stopping, or has been asked to.
    bool ends_soon() const { return stopping() || stop_asked_.load(std::memory_order_relaxed); }
    /// It has stopped without the broker's answer to everything that it sent and committed.
    bool gave_up() const { return gave_up_; }
    /// Ends the run with this error: work is not finished, but what is done is committed.
    void stop_with(std::exception_ptr);
    /// What stopped the run: a policy, or an exception of a hook or a posted call.
    const std::exception_ptr& error() const { return error_; }
    /// The member is gone: nothing can be finished.
    void abandon() { state_ = state::stopped; }

    const owned_partitions& partitions() const { return partitions_; }
    /// The assigned partitions; after the run, those at its end.
    std::vector<partition_status> status() const;
    std::optional<blocked> explain(const topic_partition&) const;
    /// Whether the group has answered. No message comes before.
    bool joined() const { return joined_; }
    /// Whether the group has ever given it a partition.
    bool had_partition() const { return !seen_partitions_.empty(); }
    /// Messages read in this run.
    std::size_t messages() const { return messages_; }

private:
    enum class state { running, finishing, leaving, stopped };
    /// A topic that agents read. Its partitions take turns.
    struct topic_work {
        std::string topic;
        std::vector<plan::topic_reader*> readers{};
        std::vector<owned_partition*> partitions{};
        std::size_t next = 0;  // the partition whose turn it is
    };
    /// A boundary, and how far the segment behind it has read it.
    struct boundary_work {
        detail::boundary* from;
        std::unique_ptr<segment_cursor> cursor;

        agent_info& agent() const { return *from->agent; }
        bool empty() const { return from->empty() && cursor->finished(); }
    };
    /// Who keeps a message open, with which operator, and why.
    struct holder {
        std::string agent, op, why;
    };

    // conductor.cpp
    topic_work& work_of(const std::string& topic);
    std::vector<plan::topic_reader*> readers_of(const std::string& topic);
    bool turn_tables();
    bool read_globals();
    void tell_of_tables();
    void tell_of_late(const shard_group::news&);
    bool turn_background();
    bool turn_bodies();
    bool poll_boundaries();
    bool turn_topics();
    bool turn_partition(owned_partition&);
    bool read_next(owned_partition&);
    void stop_at_new_input(const owned_partition&);
    void log_if_full(owned_partition&, bool is_full);
    void lost_offsets(owned_partition&, const transport::offset_range&);
    bool turn_boundaries();
    bool any_under_way(const shard_group&) const;
    bool finish_step(const shard_group&);
    void retry_due(const segment_cursor&, time_point& at) const;
    time_point partition_due(const owned_partition&) const;

    // cursors.cpp
    enum class work { any, in_work_only };
    bool can_step(const segment_cursor&) const;
    bool step(segment_cursor&, work, std::optional<time_point> now = {});
    bool catch_up(owned_partition&, partition_cursor&);
    run_result run_segment(segment_cursor&, work, time_point now);
    static void resume(segment_cursor&, segment_turn&);
    void came_back(segment_cursor&, work, const run_result&);
    void leave_sink(segment_cursor&);
    bool rests(segment_cursor&, time_point now);
    static bool comes_too_late(const segment_cursor& c, time_point until) {
        return c.tries.failed() && c.tries.due() >= until;
    }
    static bool is_awaited(const segment_cursor&, time_point until);
    bool flush(const agent_info&);

    // ordering.cpp
    void forget_orders();
    void find_orders();
    void add_to_order(owned_partition&, partition_cursor&);
    void sort_order(ordered_inputs&);
    bool turn_orders();
    bool turn_order(ordered_inputs&);
    bool pass_results(const agent_info&);
    bool finish_in_order(ordered_inputs&);
    ordered_inputs::input* find_next(ordered_inputs&);
    static bool has_more(const ordered_inputs::input&);
    static time_point waits_until(const ordered_inputs::input&, duration wait);
    bool is_waited_for(const ordered_inputs::input&, duration wait) const;
    time_point order_due(const ordered_inputs&) const;

    // bodies.cpp
    const context* message_for(table_info&) override;
    worker* coroutine() const override;
    partition_id partition_in_work(const table_info&) const override;
    void changes(const std::shared_ptr<shard>&) override;
    std::optional<finished_message> finished(const topic_info&, partition_id,
                                             offset) const override;
    timestamp now() const override { return clock_.wall(); }
    std::optional<timestamp> time_in_work() const override;
    void late(const late_value& v) override { report_.hooks().late(v); }
    void passed_over(const passed_message& m) override { report_.hooks().passed_over(m); }
    static void finish_changes(segment_cursor&);
    static void undo_changes(segment_cursor&, std::size_t at);

    // failures.cpp
    const policy& policy_of(const agent_info&, bool of_batch, const std::exception_ptr&) const;
    void handle_failure(retryable&, agent_info&, bool of_batch, const std::exception_ptr&);
    /// The message behind the i-th value of `from`; nothing for a value of no topic.
    void say_where(error_report&, const origins& from, std::size_t i);
    bool handle_undecodable(owned_partition&);
    bool apply_decode_policy(owned_partition&);
    void stop_undecodable(owned_partition&);
    const policy& decode_policy(const owned_partition&) const;
    void send_dead_letters(retryable&, agent_info&, const error_report&, const std::string& topic);
    /// A failure of this agent could make a dead letter, while an earlier one still waits for room.
    bool waits_for_dead_letters(const agent_info& a) const {
        return a.on_error.has_dead_letters() && producer_.has_backlog();
    }
    void take_errors();

    // groups.cpp
    void assigned(std::vector<transport::assignment>) override;
    void revoked(std::vector<topic_partition>) override;
    void lost(std::vector<topic_partition>) override;
    void delivered(std::uint64_t token, const transport::delivery& d) override {
        producer_.delivered(token, d);
    }
    void committed(const transport::commit_result&) override;
    void topics_changed() override { topics_changed_ = true; }
    void members(const std::vector<transport::group_member>&) override;
    void problem(const std::string&, bool fatal) override;
    bool drain();
    bool drained(owned_partition&);
    bool quiet(const owned_partition&) const;
    void forfeit_lost();
    void discard(segment_cursor&);
    bool give_up_retries();
    void begin_partition(topic_work&, transport::assignment);
    void read_again(const topic_partition&);
    void close_partition(const topic_partition&);
    time_point answer_due() const;

    // ending.cpp
    body* body_of(const agent_info&) const;
    bool end_sources();
    bool end_bodies();
    bool finish();
    bool finish_work();
    bool leave();
    std::string not_committed() const;
    void give_up(const std::string& not_committed);
    bool stuck(const agent_info&) const;
    bool work_left() const;

    // explain.cpp
    holder why_not_finished(const segment_cursor&) const;
    std::optional<holder> unfinished_cursor(const owned_partition&, offset, bool parked) const;
    std::optional<holder> boundary_with(const owned_partition&, offset) const;
    holder holder_behind_cursors(const owned_partition&, offset) const;
    holder holder_of(const owned_partition&, offset) const;
    std::string who_lags(const owned_partition&) const;

    const settings& settings_;
    transport::transport& transport_;
    reporter& report_;
    clock& clock_;
    offload_pool pool_;
    coroutines coroutines_;
    producer producer_;
    run_plan plan_;
    agent_info table_agent_{};  // who sends the changelogs' records
    tables tables_;
    committer committer_;
    purger purger_;
    background background_;
    std::size_t started_bodies_ = 0, started_segments_ = 0;
    bool only_timers_ = false;
    std::vector<topic_work> topics_;
    std::size_t next_topic_ = 0;
    std::vector<boundary_work> boundaries_;
    std::set<topic_partition> seen_partitions_;  // ever assigned; source messages point at them
    owned_partitions partitions_;
    std::vector<ordered_inputs> orders_;
    std::size_t next_order_ = 0;
    bool orders_known_ = false;
    segment_cursor* last_parked_ = nullptr;
    std::atomic<segment_turn*> turn_ = nullptr;  // of the segment that runs now
    std::atomic<bool> stop_asked_ = false;
    bool topics_changed_ = false;
    time_point next_restore_line_ = time_point::max();
    state state_ = state::running;
    time_point now_{}, stop_until_{};
    std::exception_ptr error_;
    std::size_t messages_ = 0, turns_ = 0;
    bool joined_ = false, gave_up_ = false;
    std::vector<partition_status> last_status_;
};

}  // namespace weir::detail
