// SPDX-License-Identifier: Apache-2.0
#include <weir/graph/plan.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <weir/error.hpp>
#include <weir/graph/host.hpp>
#include <weir/graph/take_time.hpp>

namespace weir::detail {
namespace {

[[noreturn]] void fail_other_type(const topic_info& t, const agent_info& a) {
    throw setup_error{"weir: agent '" + a.name + "' reads topic '" + t.name +
                      "' with another value type than that of its .time(f), so it would see other "
                      "times than other agents: read it with the type that f takes, or an "
                      "optional of it"};
}

}  // namespace

plan::plan(scheduler& loop, std::shared_ptr<release_queue> releases)
    : loop_(&loop), releases_(std::move(releases)) {}
plan::~plan() = default;

void plan::begin(agent_info& a, std::vector<topic_info*> through, std::vector<table_info*> tables) {
    agent_ = &a;
    time_matters_ = false;
    through_ = std::move(through);
    tables_ = std::move(tables);
}
void plan::connect(detail::boundary& from, segment& to) { links_.push_back({&from, &to}); }

segment& plan::add(std::unique_ptr<segment> s) {
    s->agent = agent_;
    s->ops = std::exchange(chain_, {});
    return *segments_.emplace_back(std::move(s));
}
boundary& plan::add(std::unique_ptr<detail::boundary> s) {
    s->agent = agent_;
    s->op = op_;
    return *boundaries_.emplace_back(std::move(s));
}
any_chain_ref& plan::add(std::unique_ptr<any_chain_ref> c) {
    return *chain_refs_.emplace_back(std::move(c));
}
body& plan::add(std::unique_ptr<detail::body> b) {
    b->agent = agent_;
    agent_->has_body = true;
    return *bodies_.emplace_back(std::move(b));
}
void plan::read(topic_info& topic, const void* type, std::unique_ptr<decoder> (*make)(),
                segment& s) {
    const auto of_these = [&](const auto& r) { return r->topic == &topic && r->type == type; };
    auto it = std::find_if(readers_.begin(), readers_.end(), of_these);
    if (it == readers_.end()) {
        auto decoder = make();
        if (topic.time && !decoder->takes_time_by(*topic.time)) fail_other_type(topic, *agent_);
        decoder->time = {topic.time.get(), false, time_limits_};
        it = readers_.insert(
            it, std::make_unique<topic_reader>(topic_reader{&topic, type, std::move(decoder), {}}));
    }
    (*it)->decoder->time.matters |= time_matters_;
    (*it)->to.push_back(&s);
}
topic_info& plan::next_through() {
    assert(!through_.empty() && "drawing and building meet the same boundaries");
    auto& t = *through_.back();
    through_.pop_back();
    return t;
}
table_info& plan::next_table() {
    assert(!tables_.empty() && "drawing and building meet the same operators");
    auto& t = *tables_.back();
    tables_.pop_back();
    return t;
}
std::vector<produce_target*> plan::next_targets(std::size_t n) {
    std::vector<produce_target*> targets(n);
    for (auto t = targets.rbegin(); t != targets.rend(); ++t) *t = &send_to(next_through());
    return targets;
}
void plan::needs_open(std::size_t n, const std::string& who) {
    if (n > open_max_)
        throw setup_error{"weir: agent '" + agent_->name + "': " + who +
                          " waits for more messages than open_max = " + std::to_string(open_max_) +
                          " lets be open: raise app_options::open_max, or take fewer"};
}

void set_time(topic_info& t, std::shared_ptr<const timestamp_extractor> from) {
    if (t.time && t.time->same_as(*from)) return;
    if (t.time)
        throw setup_error{"weir: topic '" + t.name +
                          "' takes its time by two different functions: give .time(f) once; "
                          "app.topic(name) is the same topic. Functions are known to be the same "
                          "if they are one field, one function, or a lambda without captures "
                          "that is written once"};
    if (t.partitions > 0 && t.by && t.by->running())
        throw setup_error{"weir: topic '" + t.name +
                          "' is being read: give .time(f) before the app runs"};
    t.time = std::move(from);
}

}  // namespace weir::detail
