// SPDX-License-Identifier: Apache-2.0
// The app behind its header: topics, agents, the transport, and the run that is under way.
#pragma once
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weir/app.hpp>
#include <weir/transport/memory.hpp>

#include "../conductor/conductor.hpp"
#include "../conductor/wakeup.hpp"
#include "../transport/kafka/kafka.hpp"
#include "topic_catalog.hpp"

namespace weir::detail {

/// What is done beside each round of a run: input that is fed in, output that is read, progress
/// that is shown.
class side_job {
public:
    /// True if it did anything. `stopping`: nothing more may come in.
    virtual bool turn(bool stopping) = 0;
    /// There is nothing to do: the loop is about to wait.
    virtual void rest() = 0;
    /// When it wants its next turn, whatever else there is.
    virtual time_point due() const { return time_point::max(); }
    /// The run is about to end by itself: nothing has happened for so long as was asked for, or
    /// nothing more can. May be called again.
    virtual void before_end() {}
    /// It cannot go on: what it gave so far is processed, then the run stops.
    virtual bool failed() const = 0;
    /// It gives nothing more, and nobody else does: when all is done the run stops.
    virtual bool ended() const { return false; }

protected:
    ~side_job() = default;
};

/// Owned by the app, and by the pull streams that were made of it. Between `start` and the end of
/// the run a conductor is there; a new run builds every agent anew. Everything is the loop's
/// thread's, but `stop` and `post`. What differs between app.run, app.poll, a pull range and the
/// test driver is only who turns the loop, and how it waits.
class engine final : public host {
public:
    engine(std::string id, app_options);
    ~engine();

    // what there is
    topic_catalog& topics() { return topics_; }
    const std::map<std::string, topic_info>& known_topics() const { return topics_.all(); }
    topic_info& derive(const std::string& name, partition_id partitions, bool internal,
                       const std::vector<topic_info*>& sources) override {
        return topics_.derive(name, partitions, internal, sources);
    }
    agent_info& add(std::string name, std::unique_ptr<topology>, const agent_options&,
                    bool pull) override;
    void add(std::unique_ptr<job>, duration interval, policy on_error);
    hold hold_current() const override;
    void wake() override;
    void send(send_request&) override;
    void send_when_possible(send_request&) override;
    void forget(send_request&) noexcept override;
    /// As drawn, with what is set now: partitions, policies, where dead letters go.
    weir::graph graph() const;
    /// The topics that dead letters go to are topics of ours like any other. Throws setup_error if
    /// one is where they come from.
    void derive_dead_letters();
    /// The topic's own, else the app's.
    const policy& decode_policy(const topic_info&) const;
    /// An agent reads it.
    bool reads(const std::string& topic) const;
    /// Something of the program's own may send: a range, a channel, a task, a timer.
    bool has_own_sources() const;
    const std::string& id() const { return settings_.app; }
    reporter& report() { return report_; }
    std::vector<partition_status> status() const;
    std::size_t messages_read() const;
    weir::counters counters() const;
    std::optional<blocked> explain(const topic_partition&) const;

    // the run
    /// Checks everything, connects, builds; the second time only what is new. Throws setup_error.
    void start();
    bool running() const override { return conductor_ && !conductor_->stopped(); }
    /// One round: what was posted, then the conductor's. False if there was nothing to do.
    bool turn();
    /// The same, for who turns the loop alone. Throws weir::error inside a body.
    bool turn_alone();
    /// Waits for something to do, `most` at the most; a virtual clock jumps instead, as far as
    /// `without_commits` lets it. False if nothing will come.
    bool wait(duration most, bool without_commits);
    /// Until the app stops, every source has ended, or nothing has happened for `idle`.
    void run(side_job* beside = nullptr, duration idle = duration::max());
    bool poll(duration);
    bool turn_for(agent_info&) override;
    void passed(agent_info&) override;
    void stop() noexcept;
    void post(std::unique_ptr<posted>);
    /// Stops, if it runs, and ends what is left of the run. What the app does at its end.
    void close() noexcept;
    /// After the run: what is left of it goes, its status and error stay.
    void end_run();
    void rethrow();
    const std::exception_ptr& error() const { return error_; }
    /// The last run has ended without the broker's answer to all that it sent and committed.
    bool gave_up() const { return gave_up_; }
    conductor* running_conductor() { return conductor_.get(); }
    wakeup& sleeper() { return wakeup_; }

    weir::app_options& options() { return settings_.options; }  // before the run
    const weir::clock& time() const { return *settings_.clock; }
    /// The broker is in this process.
    bool embedded() const;
    /// A connection to the app's broker, for a group. Throws setup_error if there is none.
    std::unique_ptr<transport::transport> connect(const std::string& group);
    std::vector<std::string> agent_names() const;

    // for the test driver
    void use(clock& c) { settings_.clock = &c; }
    const std::shared_ptr<transport::memory_broker>& broker();
    transport::transport* connection() { return transport_.get(); }
    /// Its membership has ended without a word: the run is over, nothing is finished.
    void abandon();

private:
    struct agent {
        agent_info info;
        std::unique_ptr<topology> what;
        std::vector<topic_info*> through;
        bool built = false;
    };
    class in_loop;
    struct letters {
        const policy* by;
        std::string seam, agent;
        std::size_t from;             // the node in the graph that they come from
        std::vector<std::string> of;  // topics
    };
    std::vector<letters> dead_letters() const;
    void refuse_rings(const std::vector<letters>&) const;
    [[noreturn]] static void refuse_ring(const letters&, const std::string& read,
                                         const std::string& back, bool by_others);
    void refuse_shared_repartition(const std::string& name,
                                   const std::vector<topic_info*>& through) const;
    void draw_dead_letters(weir::graph&) const;
    offset_reset auto_offset_reset() const;
    void start_run();
    void connect_run();
    void build_agents();
    std::vector<transport::subscription> subscriptions();
    transport::kafka::connect_options kafka_options(const std::string& group) const;
    bool run_posted();
    bool all_ended() const;
    bool nothing_open() const;
    bool waits_for_group(time_point now, time_point begun);
    void end_idle_run();

    clock real_;
    settings settings_;
    reporter report_;
    wakeup wakeup_;
    std::shared_ptr<transport::memory_broker> broker_;
    std::unique_ptr<transport::transport> transport_;
    std::unique_ptr<conductor> conductor_;
    topic_catalog topics_;
    std::map<std::string, transport::reset> found_;  // by patterns, in this run
    static constexpr std::size_t unsent_max = 10'000;
    std::deque<std::pair<topic_info*, outgoing>> unsent_;  // before the run
    std::deque<agent> agents_;                             // addresses stay
    bool added_ = false;                                   // one of them, since the last `start`
    bool joins_ = false;  // a topic is read, so the group will answer
    duration longest_join_{};
    time_point next_join_line_{};
    std::deque<job_info> jobs_;
    weir::graph graph_;
    std::exception_ptr error_;
    std::vector<partition_status> last_status_;
    std::size_t last_read_ = 0;
    time_point last_turn_{}, last_pass_{};
    int unseen_passes_ = 0;  // that do not look at the clock
    bool told_properties_ = false;
    bool gave_up_ = false;
    bool polled_ = false;  // by a loop of somebody else's, in this run
    std::atomic<bool> turning_ = false, stop_asked_ = false;
    std::mutex mutex_;  // guards what follows
    std::vector<std::unique_ptr<posted>> posted_;
};

}  // namespace weir::detail
