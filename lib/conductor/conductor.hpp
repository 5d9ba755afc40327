// SPDX-License-Identifier: Apache-2.0
// The loop: turns what was read through the segments, and commits what everybody is done with.
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

#include "owned_partition.hpp"
#include "background.hpp"
#include "committer.hpp"
#include "coroutines.hpp"
#include "producer.hpp"
#include "report.hpp"
#include "settings.hpp"

namespace weir::detail {

/// What the agents' pipelines were built into; belongs to the conductor.
class run_plan final : public plan {
public:
    run_plan(scheduler& s, const settings& o, producer& p) : plan(s, o.home), producer_(p) {
        open_max_ = o.options.open_max;
    }
    outlet& send_to(topic_info& t) override { return producer_.to(t, agent(), name()); }

    std::vector<std::unique_ptr<reading>>& readings() { return readings_; }
    std::vector<std::unique_ptr<detail::seam>>& seams() { return seams_; }
    const std::vector<std::unique_ptr<detail::body>>& bodies() const { return bodies_; }
    std::vector<feed>& feeds() { return feeds_; }
    void forget() {
        for (auto& s : segments_) s->agent->lent.clear();
        readings_.clear(), feeds_.clear(), segments_.clear(), seams_.clear(), nodes_.clear();
        bodies_.clear();
    }

private:
    producer& producer_;
};

/// One run of an app, from the first subscription to leaving the group. Owned by the engine, used
/// on the loop's thread (`stop` may be called from anywhere). Policies are applied here and nowhere
/// else: operators and segments know of no retry. Invariants: a partition has one batch in work; a
/// segment has at most one parked message; a commit names only what is assigned.
class conductor final : transport::listener {
public:
    conductor(const settings&, transport::transport&, reporter&);
    ~conductor();
    /// What is left of the run goes: its coroutines, messages, seams.
    void end();

    detail::plan& plan() { return plan_; }
    /// Takes over what was added to the plan since the last call, and subscribes.
    void connect(const std::vector<transport::subscription>&);
    /// Starts a task, or a timer, at the next turn.
    void run(const job_info& j) { background_.add(j); }

    /// One round: what came in, what is due, every topic's and every seam's turn once. False if
    /// there was nothing to do.
    bool turn();
    /// When there will be something to do, as far as that is known. `alone`: apart from the
    /// committer.
    time_point due(bool alone) const;
    /// Calls that are made on other threads: something will come, whatever the clock says.
    offload_pool& elsewhere() { return pool_; }
    /// The last turn had nothing to do but a timer's tick.
    bool only_ticked() const { return only_ticked_; }
    /// Every task has ended.
    bool background_idle() const { return background_.idle(); }
    /// The message in this agent's sink has left it.
    void passed(const agent_info&, time_point now);
    void commit() { committer_.commit(partitions_); }
    /// What the program sends by itself; it holds the message that was worked on then.
    bool post(parcel& p, hold h) { return producer_.post(p, std::move(h)); }
    void want(parcel& p) { producer_.want(p); }
    void forget(parcel& p) noexcept { producer_.forget(p); }
    /// A hold of the message that is being worked on; none between them.
    hold hold_current() const;
    /// Of the message that a pull loop's body has, outside of the loop's turns.
    hold hold_pulled() const;
    /// Whether topics have come or grown since it was asked.
    bool topics_changed_since() { return std::exchange(topics_changed_, false); }
    /// What waits for time or company goes on now. False if nothing does.
    bool flush();

    /// Ends the run: finishes what is in work, flushes, commits, leaves. Also from a body, a signal
    /// handler, a thread.
    void stop() noexcept;
    bool stopped() const { return state_ == state::stopped; }
    bool stopping() const { return state_ != state::running; }
    /// Ends the run with this error: what is in work is not finished, what is done is committed.
    void fail(std::exception_ptr);
    /// What a policy said stop to, or what a hook or a posted call threw.
    const std::exception_ptr& error() const { return error_; }
    /// Its broker has gone; nothing is finished any more.
    void abandon() { state_ = state::stopped; }

    const owned_partitions& partitions() const { return partitions_; }
    /// Of what is assigned, or was when the run ended.
    std::vector<partition_status> status() const;
    /// What holds this partition's commit back.
    std::optional<blocked> explain(const topic_partition&) const;
    /// The group has answered. Nothing can come before.
    bool joined() const { return joined_; }
    /// The group has given it a partition, be it for a while.
    bool had_partition() const { return !places_.empty(); }
    /// Messages read since the run began.
    std::size_t messages() const { return messages_; }

private:
    enum class state { running, finishing, leaving, stopped };
    struct topic_work {
        std::string topic;
        std::vector<plan::reading*> readings{};
        std::vector<owned_partition*> partitions{};
        std::size_t next = 0;  // whose turn it is
    };
    struct seam_work {
        detail::seam* from;
        std::unique_ptr<detail::feed> feed;
    };

    topic_work& work_of(const std::string& topic);
    std::vector<plan::reading*> readings_of(const std::string& topic);
    bool no_more() const { return stopping() || stop_asked_.load(std::memory_order_relaxed); }
    // a turn
    bool turn_background();
    bool turn_bodies();
    bool end_bodies();
    body* body_of(const agent_info&) const;
    bool settle_seams();
    bool turn_topics();
    bool turn_partition(owned_partition&);
    void look_if_full(owned_partition&, bool is);
    bool turn_seams();
    bool step(feed&, bool last, std::optional<time_point> now = {});
    bool leave_sink(feed&);
    bool rests(feed&, time_point now);
    bool end_sources();
    bool flush(const agent_info&);
    void failed(attempt&, agent_info&, bool of_batch, std::exception_ptr);
    bool undecodable(owned_partition&);
    const policy& decode_policy(const owned_partition&) const;
    static error_report undecodable_report(const owned_partition&);
    void bury(attempt&, agent_info&, const error_report&, const std::string& topic);
    /// What this agent's policy would make a dead letter of has to wait.
    bool waits_for_letters(const agent_info& a) const {
        return a.on_error.has_dead_letters() && producer_.crowded();
    }
    void take_errors();
    struct reason {
        std::string agent, op, why;
    };
    reason reason_of(const feed&) const;
    std::optional<reason> seam_with(const owned_partition&, offset) const;
    reason holder_of(const owned_partition&, offset) const;
    static error_report place(const char* seam, const agent_info&, attempt&,
                              const std::exception_ptr&);

    // groups
    void assigned(std::vector<transport::assignment>) override;
    void revoked(std::vector<topic_partition>) override;
    void lost(std::vector<topic_partition>) override;
    void delivered(std::uint64_t token, const transport::delivery& d) override {
        producer_.delivered(token, d);
    }
    void committed(const transport::commit_result&) override;
    void topics_changed() override { topics_changed_ = true; }
    void problem(const std::string&, bool fatal) override;
    bool drain();
    bool quiet(const owned_partition&) const;
    void let_go();
    void drop(const topic_partition&);
    time_point answer_due() const;

    // the end
    bool finish();
    bool work_left() const;

    const settings& settings_;
    transport::transport& transport_;
    reporter& report_;
    clock& clock_;
    offload_pool pool_;
    coroutines coroutines_;
    producer producer_;
    run_plan plan_;
    committer committer_;
    background background_;
    std::size_t started_ = 0;  // bodies
    bool only_ticked_ = false;
    std::vector<topic_work> topics_;
    std::vector<seam_work> seams_;
    std::set<topic_partition> places_;  // every one ever assigned: what is kept points at its place
    owned_partitions partitions_;
    std::size_t next_topic_ = 0;
    feed* last_parked_ = nullptr;
    std::atomic<detail::turn*> turn_ = nullptr;  // of the segment that runs
    std::atomic<bool> stop_asked_ = false;
    bool topics_changed_ = false;
    state state_ = state::running;
    time_point now_{}, stop_until_{};
    std::exception_ptr error_;
    std::size_t messages_ = 0, turns_ = 0;
    bool joined_ = false;
    std::vector<partition_status> last_status_;
};

}  // namespace weir::detail
