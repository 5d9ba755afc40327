// SPDX-License-Identifier: Apache-2.0
// The workers that are tortured: each of its pipelines sends results that carry the id of their
// source, and the processes that have made them. The environment says who this one is.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <weir/weir.hpp>

using namespace std::chrono_literals;

namespace {

struct item {
    std::int64_t id;
    std::string key;
    std::string by;
};
using items = std::vector<item>;
struct joined {
    std::int64_t id;
    std::string key;
    std::string by;
    std::int64_t match;  // the id of what it is joined with; -1: of nothing
};

const std::string self = std::getenv("TORTURE_WORKER");

item stamped(const item& i) { return {i.id, i.key, i.by.empty() ? self : i.by + '>' + self}; }

items all_stamped(const items& all) {
    items made;
    for (auto& i : all) made.push_back(stamped(i));
    return made;
}

joined with(const item& i, const item* other) {
    const auto [id, key, by] = stamped(i);
    return {id, key, by, other ? other->id : -1};
}

/// Takes 0 to 3 ms.
weir::task<item> stamped_later(item i) {
    co_await weir::sleep(std::chrono::milliseconds{i.id % 4});
    co_return stamped(i);
}

class pipelines {
public:
    pipelines(weir::app& app, const std::string& id)
        : app_(app), id_(id), in_(app.topic<std::string, item>(id + "-in")) {}

    void forward() { forward(in_); }
    void repartition() {
        app_.agent("repartition", in_                               // stream of item
                                      | weir::map(stamped)          //
                                      | weir::group_by(&item::key)  // the same, keyed by key
                                      | weir::map(stamped)          //
                                      | weir::to(out("repartition")));
    }
    void batch() { batch(in_); }
    void async() {
        app_.agent("async",
                   in_  // stream of item
                       |
                       weir::map(stamped_later, {.concurrency = 64, .order = weir::order_by::key}) |
                       weir::to(out("async")));
    }
    /// A table of what is in an internal topic, copies of crashed senders included.
    void count() {
        app_.agent("count", in_                               // stream of item
                                | weir::map(stamped)          //
                                | weir::group_by(&item::key)  // the same, keyed by key
                                | weir::count(app_.table<std::string, std::int64_t>("seen")));
    }
    /// A table that two topics change.
    void merge_count() {
        const auto forwarded = out("forward");
        forward(in_);
        app_.agent("merge-count",
                   (in_ & forwarded) | weir::count(app_.table<std::string, std::int64_t>("both")));
    }
    /// A stream and a table that a topic fills, and a table behind them.
    void join() {
        auto customers = app_.table(topic("customers"));
        app_.agent("join",
                   in_                                     // stream of item
                       | weir::left_join(customers, with)  // of joined
                       | weir::echo(out<joined>("join"))   //
                       | weir::count(app_.table<std::string, std::int64_t>("joined")));
    }
    /// Two streams, once with what has no match.
    void stream_join() {
        const weir::join_options o{.wait = 30s};  // the order of reading decides what is late
        const weir::within near{5s};
        const auto both = [](const item& a, const item& b) { return with(a, &b); };
        app_.agent("paid",
                   in_  // stream of item
                       |
                       weir::join(topic("payments"), near, weir::grace(10s), o, both)  // of joined
                       | weir::to(out<joined>("paid")));
        app_.agent("state", in_  // stream of item
                                | weir::left_join(topic("payments"), near, weir::grace(10s), o,
                                                  with)  // of joined
                                | weir::to(out<joined>("state")));
    }
    /// The batches are made of another topic: what a `take` lets go when its partition is revoked,
    /// all agents of that topic make again.
    void all() { forward(in_), repartition(), async(), batch(out("forward")); }

private:
    using items_topic = weir::topic<std::string, item>;
    void forward(const items_topic& from) {
        app_.agent("forward", from                      // stream of item
                                  | weir::map(stamped)  //
                                  | weir::to(out("forward")));
    }
    void batch(const items_topic& from) {
        app_.agent("batch", from                                   // stream of item
                                | weir::map(stamped)               //
                                | weir::take(20, 100ms)            // of batch<item>
                                | weir::through(id_ + "-batches")  // of items
                                | weir::map(all_stamped)           //
                                | weir::to(id_ + "-batch-out"));
    }
    items_topic topic(const std::string& name) {
        return app_.topic<std::string, item>(id_ + '-' + name);
    }
    template <class V = item>
    weir::topic<std::string, V> out(const std::string& pipeline) {
        return app_.topic<std::string, V>(id_ + '-' + pipeline + "-out");
    }

    weir::app& app_;
    std::string id_;
    items_topic in_;
};

const std::map<std::string, void (pipelines::*)()> known{
    {"forward", &pipelines::forward},
    {"repartition", &pipelines::repartition},
    {"batch", &pipelines::batch},
    {"async", &pipelines::async},
    {"all", &pipelines::all},
    {"count", &pipelines::count},
    {"merge-count", &pipelines::merge_count},
    {"join", &pipelines::join},
    {"stream-join", &pipelines::stream_join},
};

}  // namespace

int main(int argc, char** argv) try {
    const std::string id = std::getenv("TORTURE_ID");
    weir::app app{id,
                  {.commit_interval = 200ms,
                   .purge_internal = false,                   // all of it is looked at in the end
                   .connect_timeout = weir::duration::max(),  // the broker may be down
                   .kafka = {{"client.id", self},
                             {"session.timeout.ms", "3000"},
                             {"heartbeat.interval.ms", "300"}}}};
    pipelines of{app, id};
    (of.*known.at(std::getenv("TORTURE_PIPELINE")))();
    return app.main(argc, argv);
} catch (const std::exception& e) { return weir::report_error(argv, e); }
