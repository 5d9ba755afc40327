// SPDX-License-Identifier: Apache-2.0
// What pipelines become: drawn into a graph when an agent is added, built into segments and boundaries
// when a run starts.
#pragma once
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/graph.hpp>
#include <weir/graph/boundary.hpp>
#include <weir/graph/topic_info.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// One agent, or one pull stream, of a run.
struct agent_info {
    std::string name;
    // resolved: the agent's, else the app's; unset: skip, but stop for batches and pull
    policy on_error{};
    bool pull = false;
    bool has_body = false;      // a coroutine
    // reads nothing: a pull stream that nobody iterates, an agent that has returned
    bool paused = false;
    bool finite = false;        // reads ranges alone
    bool ended = false;         // all its sources have ended and everything of theirs is done
    // batches of partitions that were given up while somebody looked at a message of theirs
    std::vector<std::shared_ptr<void>> lent{};
};

/// The body of an agent, where it is a coroutine. Lives as long as its run; used by the loop's
/// thread only.
class body {
public:
    virtual ~body() = default;
    virtual void start() = 0;
    virtual bool running() const = 0;
    /// Nothing will come any more: it is told so when it asks for the next value.
    virtual void end() = 0;
    /// Starts it again, if somebody waits for it. What it threw while it had no message; null if it
    /// did not.
    virtual std::exception_ptr poll() = 0;
    /// Its frame goes.
    virtual void cancel() = 0;

    agent_info* agent = nullptr;
};

/// The decode node of one topic and one pair of types. Stateless; what it fills belongs to the
/// assignment.
class decoder {
public:
    virtual ~decoder() = default;
    virtual std::unique_ptr<input> make(hold_owner& of, const topic_partition& tp) const = 0;
    /// Decodes `what` from message `from` on, behind what is in `into` already. Returns the index
    /// of the first message that does not decode, its error in `error`; the end, if none.
    virtual std::size_t decode(input& into, const fetch& what, std::size_t from,
                               std::exception_ptr& error) const = 0;
    virtual void clear(input&) const = 0;
};

/// Where `to` and its like send: one topic, for one agent.
struct outgoing {
    bytes key{};
    bytes value{};
    // if not null: send these bytes, they live as long as the message in work
    bytes_view unchanged{};
    weir::headers headers{};
    weir::timestamp timestamp{};
};
/// One message that a program sends by itself (`topic.send`), for as long as somebody looks at it.
struct send_request {
    enum class state : std::uint8_t { wants_room, under_way, delivered, given_up };
    topic_info* to;
    outgoing what;
    state is = state::wants_room;
    std::string why_not{};                // why it was given up
    std::size_t slot = no_slot;         // at the producer
    suspended waits{};                    // resumed at the end of it
    scheduler* loop = nullptr;
    static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

    void end(state how) {
        is = how;
        slot = no_slot;
        if (waits.who) loop->ready(std::exchange(waits, {}));
    }
};
/// Who sends it: the app.
class mailbox {
public:
    /// Takes it over, if there is room.
    virtual void send(send_request&) = 0;
    /// It is awaited: as soon as there is room it is sent.
    virtual void want(send_request&) = 0;
    /// Nobody looks at it any more. What was sent goes on.
    virtual void forget(send_request&) noexcept = 0;

protected:
    ~mailbox() = default;
};
/// The app, as its channels see it.
class channel_host {
public:
    virtual bool runs() const = 0;
    /// A hold of the message that a body is working on; none between them.
    virtual hold hold_current() const = 0;
    /// There is something to do.
    virtual void wake() = 0;

protected:
    ~channel_host() = default;
};
class produce_target {
public:
    virtual ~produce_target() = default;
    /// False: no room now, nothing was taken. The hold goes when the broker has the message.
    virtual bool send(const outgoing&, hold&) = 0;
};

/// Where a pipeline is drawn: one agent's, from the left to the right.
struct drawn_stream {
    std::size_t node = 0;
    // the topics the values come from, for what is derived of them
    std::vector<topic_info*> from{};
    std::vector<std::size_t> also{};  // more nodes: of a stream from several topics
};
class graph_builder {
public:
    graph_builder(graph& g, weir::detail::topics& t, std::string app, std::string agent)
        : to_(&g), topics_(&t), app_(std::move(app)), agent_(std::move(agent)) {}

    drawn_stream topic(topic_info&, std::string key, std::string value);
    drawn_stream read(topic_info&, std::string key, std::string value);
    drawn_stream source(std::string name, std::string value);
    drawn_stream operation(const drawn_stream& before, std::string name, std::string key, std::string value);
    drawn_stream merge(const drawn_stream* all, std::size_t n, std::string key, std::string value);
    void join(const drawn_stream& before, const drawn_stream& next);
    /// The topic that `group_by` makes: `{app}-{agent}-{name}-repartition`, `-2` for the second of
    /// that name.
    topic_info& repartition(const std::string& name, partition_id partitions, const drawn_stream& of);
    /// A topic that is sent to by name: derived, unless it is declared.
    topic_info& derived(const std::string& name, const drawn_stream& of);
    topic_info& passes(topic_info&);

    /// The topics of this agent's boundaries, in the order they were drawn.
    const std::vector<topic_info*>& passed_through() const { return through_; }
    /// What it reads.
    const std::vector<topic_info*>& sources() const { return sources_; }

private:
    graph* to_;
    weir::detail::topics* topics_;
    std::string app_, agent_;
    std::vector<topic_info*> through_, sources_;
};

/// Where a pipeline is built: one agent's, from the right to the left. What it makes lives as long
/// as the run.
class plan {
public:
    // a topic read by segments of the same key and value types: one decode for all
    struct topic_reader {
        topic_info* topic;
        const void* type;
        std::unique_ptr<detail::decoder> decoder;
        std::vector<segment*> to;
    };
    // what else lives as long as the run: where chains meet
    struct node {
        virtual ~node() = default;
    };
    struct link {  // a boundary, and the segment that reads it
        detail::boundary* from;
        segment* to;
    };

    plan(scheduler& loop, std::shared_ptr<release_queue> releases) : loop_(&loop), releases_(std::move(releases)) {}
    virtual ~plan() = default;

    void begin(agent_info& a, std::vector<topic_info*> through) {
        agent_ = &a, through_ = std::move(through);
    }
    agent_info& agent() const { return *agent_; }
    scheduler& loop() const { return *loop_; }
    const std::shared_ptr<release_queue>& releases() const { return releases_; }

    // what is built has names, for who asks what a message waits for
    /// The operator that is being built: a boundary, a produce target made for it has its name.
    void name(std::string op) { op_ = std::move(op); }
    const std::string& name() const { return op_; }
    /// It is in the chain that is being built, from the right to the left, or ends it.
    void chain() { chain_ = chain_.empty() ? op_ : op_ + " | " + chain_; }
    /// The chain behind it, for each of several that end there.
    const std::string& behind() const { return chain_; }
    void behind(std::string chain) { chain_ = std::move(chain); }

    segment& add(std::unique_ptr<segment>);
    boundary& add(std::unique_ptr<detail::boundary>);
    node& add(std::unique_ptr<node>);
    body& add(std::unique_ptr<detail::body>);
    void connect(detail::boundary& from, segment& to) { links_.push_back({&from, &to}); }
    void read(topic_info&, const void* type, std::unique_ptr<decoder> (*make)(), segment&);
    virtual produce_target& send_to(topic_info&) = 0;
    /// Refused when the app starts if `n` is more than open_max: it would wait for ever.
    void needs_open(std::size_t n, const std::string& who);
    /// The topic of the boundary that is being built: drawing went from the left, building comes from
    /// the right.
    topic_info& next_through();

protected:
    std::vector<std::unique_ptr<segment>> segments_;
    std::vector<std::unique_ptr<detail::boundary>> boundaries_;
    std::vector<std::unique_ptr<node>> nodes_;
    std::vector<std::unique_ptr<detail::body>> bodies_;
    std::vector<std::unique_ptr<topic_reader>> readers_;
    std::vector<link> links_;
    std::size_t open_max_ = 0;

private:
    scheduler* loop_;
    std::shared_ptr<release_queue> releases_;
    agent_info* agent_ = nullptr;
    std::vector<topic_info*> through_;
    std::string op_, chain_;
};

}  // namespace weir::detail

// Made once in the library: at -O0 every file would pay for it.
extern template class std::vector<weir::detail::outgoing>;
extern template class std::vector<weir::detail::source_message>;
