// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <algorithm>

#include "text.hpp"

namespace weir::detail {
namespace {

constexpr std::size_t read_most = 500;  // messages of one partition in one turn

}  // namespace

topic_output::topic_output(std::vector<printed_topic> topics,
                           std::unique_ptr<transport::transport> connection, bool commits,
                           line_writer& to)
    : topics_(std::move(topics)), connection_(std::move(connection)), commits_(commits), to_(to) {
    std::vector<transport::subscription> all;
    for (auto& t : topics_) all.push_back({t.topic->name, transport::reset::earliest});
    connection_->subscribe(all);
}

void topic_output::leave(duration most) {
    std::vector<topic_partition> tps;
    for (auto& s : sources_) tps.push_back(s.tp);
    sources_.clear();
    connection_->release(tps);
    connection_->close(*this, most);
}

bool topic_output::turn() {
    bool busy = connection_->poll(*this);
    for (auto& s : sources_) busy |= read(s);
    commit();
    return busy;
}

bool topic_output::read(source& s) {
    bool busy = false;
    auto& next = next_[s.tp];
    while (to_.room()) {
        if (!s.batch || s.at == s.batch->messages().size()) {
            s.batch = s.partition->read(read_most, std::move(s.batch));
            s.at = 0;
            if (!s.batch) break;
        }
        const auto& m = s.batch->messages()[s.at++];
        busy = true;
        if (m.offset < next) continue;  // seen before a rebalance
        next = m.offset + 1;
        if (commits_) passed_[s.tp] = next;
        print(*s.what, m);
    }
    return busy;
}

void topic_output::print(const printed_topic& of, const message& m) {
    auto value = to_text(of.topic->value, m.value);
    to_.put(of.keyed ? to_key_text(of.topic->key, m.key) + '\t' + value : value);
}

void topic_output::commit() {
    if (committing_ || passed_.empty()) return;
    std::vector<transport::position> all;
    for (auto& [tp, to] : passed_) all.push_back({tp, to});
    passed_.clear();
    committing_ = true;
    connection_->commit(all);
}

void topic_output::assigned(std::vector<transport::assignment> all) {
    joined_ = true;
    for (auto& a : all) {
        const auto is_it = [&](const printed_topic& t) { return t.topic->name == a.tp.topic; };
        const auto of = std::find_if(topics_.begin(), topics_.end(), is_it);
        if (of == topics_.end()) continue;
        sources_.push_back({std::move(a.tp), std::move(a.partition), &*of});
    }
}
void topic_output::close(const std::vector<topic_partition>& tps) {
    const auto gone = [&](const auto& tp) {
        return std::find(tps.begin(), tps.end(), tp) != tps.end();
    };
    std::erase_if(sources_, [&](const auto& s) { return gone(s.tp); });
    std::erase_if(passed_, [&](const auto& p) { return gone(p.first); });
}
void topic_output::revoked(std::vector<topic_partition> tps) {
    commit();
    close(tps);
    connection_->release(tps);
}
void topic_output::lost(std::vector<topic_partition> tps) { close(tps); }

}  // namespace weir::detail
