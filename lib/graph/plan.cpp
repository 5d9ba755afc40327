// SPDX-License-Identifier: Apache-2.0
#include <weir/graph/plan.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <weir/error.hpp>

namespace weir::detail {

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
    if (it == readers_.end())
        it = readers_.insert(
            it, std::make_unique<topic_reader>(topic_reader{&topic, type, make(), {}}));
    (*it)->to.push_back(&s);
}
topic_info& plan::next_through() {
    assert(!through_.empty() && "drawing and building meet the same boundaries");
    auto& t = *through_.back();
    through_.pop_back();
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

}  // namespace weir::detail
