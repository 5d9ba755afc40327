// SPDX-License-Identifier: Apache-2.0
// One run: the broker's topics, the workers, the faults, and what is read back in the end.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../broker.hpp"
#include "child.hpp"
#include "ledger.hpp"
#include "plan.hpp"
#include "schedule.hpp"

namespace tests::torture {

struct options {
    std::uint64_t seed = 1;
    std::chrono::milliseconds length = std::chrono::seconds{20};  // of the faults
    std::string pipeline = "all";
    int rate = 1000;  // messages a second
    bool keep = false;
};

/// A producer whose messages are neither lost nor sent twice while the broker dies.
class feeder {
public:
    explicit feeder(std::vector<plan::input>);
    feeder(const feeder&) = delete;
    feeder& operator=(const feeder&) = delete;
    ~feeder();
    /// Sends the messages up to this id, or fewer where there is no room.
    void feed(std::int64_t upto);
    /// Waits until the broker has all of them.
    void flush();
    std::int64_t sent() const { return sent_; }

private:
    bool send_next();
    bool send(const plan::input&);

    std::vector<plan::input> to_;
    rd_kafka_t* rk_;
    std::int64_t next_ = 0, sent_ = 0;
    std::size_t in_ = 0;  // which of the inputs has the next one next
};

class run {
public:
    explicit run(const options&);
    /// Prints a line for each fact. Whether all of them hold.
    bool go();

private:
    using clock = std::chrono::steady_clock;
    struct worker {
        std::unique_ptr<child> process{};
        std::string name{};  // "w1.0"
        milliseconds asked_to_end = 0;
        int runs = 0;
    };

    evidence work();
    bool judge(const evidence&);
    void create_topics();
    void cause_faults();
    void perform(const step&);
    void start(int worker);
    void fault_begins(const std::string& who, const std::string& what);
    void fault_ends(const std::string& who);
    void start_script(const char* command);
    bool script_runs();
    /// Those that have ended.
    void look_at_workers();
    void ended(worker&);
    void finish_work();
    void end_workers();
    evidence read_back();
    void print_failure();
    void write_topics();
    milliseconds now() const;
    std::string log_of(const std::string& name) const { return folder_ + '/' + name + ".log"; }

    options o_;
    std::string id_, folder_;
    plan plan_;
    admin on_{};
    std::vector<step> schedule_;
    std::unique_ptr<feeder> feeder_;
    std::vector<worker> workers_{workers_max};
    std::unique_ptr<child> script_;
    bool broker_up_ = true;
    milliseconds began_ = 0;
    std::vector<fault> faults_;
    std::vector<std::string> done_;  // what was done when
    fact ends_{true, "each worker runs until it is told to end, and ends with exit code 0"};
    fact finished_{true, "the work comes to its end"};
};

}  // namespace tests::torture
