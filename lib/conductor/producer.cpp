// SPDX-License-Identifier: Apache-2.0
#include "producer.hpp"

#include <algorithm>

#include <weir/error.hpp>

namespace weir::detail {

class producer::outlet_of final : public outlet {
public:
    outlet_of(producer& of, topic_info& t, agent_info& a)
        : topic(t), agent(a), id(of.transport_.open(t.name)),
          on_error(t.options.on_produce_error.is_set() ? t.options.on_produce_error
                                                       : of.settings_.options.on_produce_error),
          of_(of) {}

    bool send(const outgoing& what, hold& held) override {
        if (of_.free_.empty()) {
            of_.free_.push_back(of_.pending_.size());
            of_.pending_.emplace_back();
        }
        const auto token = of_.free_.back();
        if (!of_.send(*this, what, token)) return false;
        of_.free_.pop_back();
        auto& p = of_.pending_[token];
        p.to = this, p.held = std::move(held);
        if (on_error.retries() > 0)
            p.kept = what, p.kept.value.assign(value_of(what)), p.kept.unchanged = {};
        ++of_.under_way_;
        return true;
    }
    static bytes_view value_of(const outgoing& o) {
        return o.unchanged.is_null() ? bytes_view{o.value} : o.unchanged;
    }

    topic_info& topic;
    agent_info& agent;
    const transport::topic_id id;
    const policy on_error;

private:
    producer& of_;
};

producer::producer(transport::transport& t, const settings& s, reporter& r)
    : transport_(t), settings_(s), report_(r) {}
producer::~producer() = default;

outlet& producer::to(topic_info& t, agent_info& a) {
    return *outlets_.emplace_back(std::make_unique<outlet_of>(*this, t, a));
}

bool producer::send(outlet_of& to, const outgoing& what, std::uint64_t token) {
    transport::record r;
    r.topic = to.id, r.key = what.key, r.value = outlet_of::value_of(what);
    r.headers = what.headers.empty() ? nullptr : &what.headers;
    r.timestamp = what.timestamp == timestamp{} ? settings_.clock->wall() : what.timestamp;
    return transport_.send(r, token);
}

void producer::free(std::uint64_t token) {
    auto& p = pending_[token];
    p.to = nullptr, p.failures = 0;
    --under_way_;
    free_.push_back(token);
    p.held.release();
}

void producer::delivered(std::uint64_t token, const transport::delivery& d) {
    if (!d.failed) return free(token);
    auto& p = pending_[token];
    const auto& policy = p.to->on_error;
    if (p.failures++ < policy.retries()) {
        p.not_before = settings_.clock->steady() + policy.backoff(), ++retries_;
        return;
    }
    const bool skip = policy.last() == policy::action::skip;
    report_.failed({"produce", p.to->agent.name, p.to->topic.name, -1, -1, d.text}, policy.text());
    if (skip) return free(token);
    const auto text = "weir: agent '" + p.to->agent.name + "': sending to '" + p.to->topic.name +
                      "' failed: " + d.text;
    if (!error_) error_ = std::make_exception_ptr(weir::error{text});
    --under_way_;  // and the hold stays
}

bool producer::settle(time_point now) {
    if (retries_ == 0) return false;
    bool any = false;
    for (std::uint64_t token = 0; token < pending_.size(); ++token) {
        auto& p = pending_[token];
        if (p.not_before > now) continue;
        if (!send(*p.to, p.kept, token)) break;  // no room: next time
        p.not_before = time_point::max(), --retries_, any = true;
    }
    return any;
}

time_point producer::due() const {
    auto at = time_point::max();
    if (retries_ > 0)
        for (auto& p : pending_) at = std::min(at, p.not_before);
    return at;
}

}  // namespace weir::detail
