// SPDX-License-Identifier: Apache-2.0
// Builds pipelines into segments and boundaries, when a run starts.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/topic_info.hpp>
#include <weir/segment/agent.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/segment/chain_ref.hpp>
#include <weir/segment/decode.hpp>
#include <weir/segment/produce.hpp>
#include <weir/task.hpp>

namespace weir::detail {

class table_info;

/// Builds the agents' pipelines, each from its end to its source. What it builds lives as long as
/// the run. Used on the loop's thread only.
class plan {
public:
    /// A topic that is read with one pair of key and value types. It is decoded once for all
    /// segments of these types.
    struct topic_reader {
        topic_info* topic;
        const void* type;
        std::unique_ptr<detail::decoder> decoder;
        std::vector<segment*> to;
    };
    /// A boundary, and the segment that reads it.
    struct link {
        detail::boundary* from;
        segment* to;
    };

    plan(scheduler& loop, std::shared_ptr<release_queue> releases);
    virtual ~plan();

    /// Begins an agent's pipeline. `through`: the topics that it sends to, in the order in which
    /// they were drawn.
    /// `tables`: those that its operators have for themselves, likewise.
    void begin(agent_info& a, std::vector<topic_info*> through,
               std::vector<table_info*> tables = {});
    /// Whether everything that was drawn has been asked for.
    bool complete() const { return through_.empty() && tables_.empty(); }
    agent_info& agent() const { return *agent_; }
    scheduler& loop() const { return *loop_; }
    const std::shared_ptr<release_queue>& releases() const { return releases_; }

    // Names, for `explain`.
    /// Names the operator that is being built. Its boundaries and produce targets get this name.
    void name(std::string op) { op_ = std::move(op); }
    const std::string& name() const { return op_; }
    /// Puts that operator in front of the chain's text.
    void chain() { chain_ = chain_.empty() ? op_ : op_ + " | " + chain_; }
    /// The text of the chain so far. Each branch that ends in the chain begins with it.
    const std::string& chain_text() const { return chain_; }
    void chain_text(std::string chain) { chain_ = std::move(chain); }

    /// What was built last depends on the time of its messages. So the topics before it are read
    /// with a check: a time that is impossible is a decode error.
    void depends_on_time() { time_matters_ = true; }

    segment& add(std::unique_ptr<segment>);
    boundary& add(std::unique_ptr<detail::boundary>);
    any_chain_ref& add(std::unique_ptr<any_chain_ref>);
    body& add(std::unique_ptr<detail::body>);
    /// `to` reads what `from` has ready.
    void connect(detail::boundary& from, segment& to);
    void read(topic_info&, const void* type, std::unique_ptr<decoder> (*make)(), segment&);
    virtual produce_target& send_to(topic_info&) = 0;
    /// Targets for the next `n` topics.
    std::vector<produce_target*> next_targets(std::size_t n);
    /// The topic that the operator sends to. Topics were drawn from first to last, and are built
    /// from last to first.
    topic_info& next_through();
    /// The table that the operator has for itself.
    table_info& next_table();
    /// Throws setup_error if `n` is more than open_max: then `who` would wait for ever.
    void needs_open(std::size_t n, const std::string& who);

protected:
    std::vector<std::unique_ptr<segment>> segments_;
    std::vector<std::unique_ptr<detail::boundary>> boundaries_;
    std::vector<std::unique_ptr<any_chain_ref>> chain_refs_;
    std::vector<std::unique_ptr<detail::body>> bodies_;
    std::vector<std::unique_ptr<topic_reader>> readers_;
    std::vector<link> links_;
    std::size_t open_max_ = 0;
    time_limits time_limits_{};

private:
    scheduler* loop_;
    std::shared_ptr<release_queue> releases_;
    agent_info* agent_ = nullptr;
    std::vector<topic_info*> through_;
    std::vector<table_info*> tables_;
    std::string op_, chain_;
    bool time_matters_ = false;
};

}  // namespace weir::detail

// Instantiated in the library: at -O0 every file would pay for them.
extern template class std::vector<weir::detail::outgoing>;
extern template class std::vector<weir::detail::source_message>;
