// SPDX-License-Identifier: Apache-2.0
// The private part of the app: topics, agents, the transport, and the current run.
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
#include "table_catalog.hpp"
#include "topic_catalog.hpp"

namespace weir::detail {

/// What the command line does beside a run: it feeds input, prints output and shows progress.
class side_job {
public:
    /// True if it did anything. If `stopping`, nothing more may be sent to a topic.
    virtual bool turn(bool stopping) = 0;
    /// Called when there is nothing to do, before the loop waits.
    virtual void rest() = 0;
    /// The loop calls `turn` at this time at the latest.
    virtual time_point due() const { return time_point::max(); }
    /// Called when the run is about to end by itself: it has been idle for the time asked for, or
    /// nothing more can come. May be called again.
    virtual void before_end() {}
    /// It cannot go on. The run processes what was sent so far, then stops.
    virtual bool failed() const = 0;
    /// It sends nothing more, and neither does anybody else. The run stops when all messages are
    /// done.
    virtual bool ended() const { return false; }

protected:
    ~side_job() = default;
};

/// What goes so that tables begin anew, and what the user is told of it.
struct reset_steps {
    transport::kafka::reset_request at_broker{};
    std::vector<std::string> snapshots{};
    struct step {
        const char *would, *did;  // "delete", "deleted"
        std::string what;
    };
    std::vector<step> told{};
};

/// Owned by the app and by the pull streams that were made of it. A conductor exists from `start`
/// to the end of the run; a new run builds every agent again. Everything is used on the loop's
/// thread, except `stop` and `post`. app.run, app.poll, a pull stream and the test driver differ
/// only in who turns the loop, and in how it waits.
class engine final : public host {
public:
    engine(std::string id, app_options);
    ~engine();

    // topics and agents
    topic_catalog& topics() { return topics_; }
    table_catalog& tables() { return tables_; }
    /// Throws weir::error while a table is restored.
    void check_restored() const;
    const std::map<std::string, topic_info>& known_topics() const { return topics_.all(); }
    topic_info& derive(const std::string& name, topic_options o, bool internal,
                       const std::vector<topic_info*>& sources) override {
        return topics_.derive(name, std::move(o), internal, sources);
    }
    table_info& declare(std::unique_ptr<table_info> made) override {
        return tables_.declare(std::move(made), {}, 0);
    }
    agent_info& add(std::string name, std::unique_ptr<topology>, const agent_options&,
                    bool pull) override;
    void add(std::unique_ptr<job>, duration interval, policy on_error);
    hold hold_current() const override;
    void wake() override;
    void send(send_request&) override;
    void send_when_possible(send_request&) override;
    void forget(send_request&) noexcept override;
    /// With the settings of this moment: partitions, policies, dead letter topics.
    weir::graph graph() const;
    /// Declares the topics of all dead letters. Throws setup_error if dead letters would come back
    /// to where they come from.
    void derive_dead_letters();
    /// The topic's own policy, or else the app's.
    const policy& decode_policy(const topic_info&) const;
    /// True if agents read the topic, by name or by a pattern, and go on behind what does not
    /// decode.
    bool passes_undecodable(const std::string& topic) const;
    /// True if the program itself may send: from a range, a channel, a task or a timer.
    bool has_own_sources() const;
    const std::string& id() const { return settings_.app; }
    reporter& report() { return report_; }
    std::vector<partition_status> status() const;
    std::size_t messages_read() const;
    weir::counters counters() const;
    std::optional<blocked> explain(const topic_partition&) const;

    // the run
    /// Checks everything, connects and builds. A second call builds only what was added. Throws
    /// setup_error.
    void start();
    bool running() const override { return conductor_ && !conductor_->stopped(); }
    /// One round: calls what was posted, then turns the conductor. False if there was nothing to
    /// do.
    bool turn();
    /// The same for a caller outside of the loop. Throws weir::error inside a body.
    bool turn_alone();
    /// Waits for something to do, but no longer than `most`. A virtual clock jumps instead; if
    /// `without_commits`, it does not jump to the next commit. False if nothing will come.
    bool wait(duration most, bool without_commits);
    /// Runs until the app stops, every source has ended, or nothing has happened for `idle`.
    void run(side_job* beside = nullptr, duration idle = duration::max());
    /// Somebody turns the loop: who asks on its thread is a body.
    bool turning() const { return turning_; }
    bool poll(duration);
    bool turn_for(agent_info&) override;
    void passed(agent_info&) override;
    void stop() noexcept;
    void post(std::unique_ptr<posted>);
    /// Stops the app if it runs, and ends the run. The app's destructor calls it.
    void close() noexcept;
    /// Called after the run: destroys it, and keeps its status and error.
    void end_run();
    void rethrow();
    const std::exception_ptr& error() const { return error_; }
    /// The last run has ended without the broker's answer to all that it sent and committed.
    bool gave_up() const { return gave_up_; }
    conductor* running_conductor() { return conductor_.get(); }
    wakeup& sleeper() { return wakeup_; }

    weir::app_options& options() { return settings_.options; }  // before the run
    const weir::clock& time() const { return *settings_.clock; }
    /// True if the broker is in this process.
    bool embedded() const;
    /// Connects to the app's broker as a member of a group. Throws setup_error if it cannot.
    std::unique_ptr<transport::transport> connect(const std::string& group);
    reset_steps steps_of_reset(const std::vector<const table_info*>&) const;
    /// Takes them. Throws setup_error: the app runs, or the broker refuses it.
    void reset(const reset_steps&) const;
    std::vector<std::string> agent_names() const;

    // for the test driver
    void use(clock& c) { settings_.clock = &c; }
    const std::shared_ptr<transport::memory_broker>& broker();
    transport::transport* connection() { return transport_.get(); }
    /// Ends the run at once, without a commit and without leaving the group.
    void abandon();

private:
    struct agent {
        agent_info info;
        std::unique_ptr<topology> what;
        std::vector<topic_info*> through, repartitions;
        std::vector<table_info*> own_tables;
        bool built = false;
    };
    class in_loop;
    struct letters {
        const policy* by;
        std::string failed_at;  // "process", "decode" or "produce"
        std::string agent;
        std::size_t from;             // the node in the graph whose failures these are
        std::vector<std::string> of;  // topics
    };
    std::vector<letters> dead_letters() const;
    void refuse_rings(const std::vector<letters>&) const;
    void refuse_unsent_ring(const letters&) const;
    [[noreturn]] static void refuse_ring(const letters&, const std::string& read,
                                         const std::string& back, bool by_others);
    void refuse_shared_repartition(const std::string& name,
                                   const std::vector<topic_info*>& repartitions) const;
    void draw_dead_letters(weir::graph&) const;
    void start_run();
    void connect_run();
    void build_agents();
    std::vector<transport::subscription> subscriptions();
    offset_reset auto_offset_reset() const;
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
    table_catalog tables_;
    std::map<std::string, transport::reset> found_;  // topics found by patterns, in this run
    static constexpr std::size_t unsent_max = 10'000;
    std::deque<std::pair<topic_info*, outgoing>> unsent_;  // sent before the run
    std::deque<agent> agents_;                             // a deque, so that addresses stay
    bool added_ = false;                 // an agent was added since the last `start`
    bool joins_ = false;                 // a topic is read, so the group will assign partitions
    std::vector<std::string> patterns_;  // that are read
    duration longest_join_{};
    time_point next_join_line_{};
    std::deque<job_info> jobs_;
    weir::graph graph_;
    std::exception_ptr error_;
    std::vector<partition_status> last_status_;
    std::size_t last_read_ = 0;
    time_point last_turn_{}, last_pass_{};
    int unseen_passes_ = 0;  // since the last look at the clock
    bool told_properties_ = false;
    bool gave_up_ = false;
    bool polled_ = false;  // somebody else's loop has called `poll` in this run
    std::atomic<bool> turning_ = false, stop_asked_ = false;
    std::mutex mutex_;  // guards posted_
    std::vector<std::unique_ptr<posted>> posted_;
};

}  // namespace weir::detail
