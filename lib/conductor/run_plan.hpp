// SPDX-License-Identifier: Apache-2.0
// What the agents' pipelines are built into. The conductor owns it.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include <weir/graph/plan.hpp>

#include "producer.hpp"
#include "settings.hpp"

namespace weir::detail {

/// Belongs to the conductor, and lives as long.
class run_plan final : public plan {
public:
    run_plan(scheduler& s, const settings& o, producer& p) : plan(s, o.releases), producer_(p) {
        open_max_ = o.options.open_max;
        time_limits_ = {*o.clock, o.options.ahead_max};
    }
    produce_target& send_to(topic_info& t) override {
        return producer_.target_of(t, agent(), name());
    }

    const std::vector<std::unique_ptr<segment>>& segments() const { return segments_; }
    const std::vector<std::unique_ptr<detail::boundary>>& boundaries() const { return boundaries_; }
    const std::vector<std::unique_ptr<detail::body>>& bodies() const { return bodies_; }
    const std::vector<std::unique_ptr<topic_reader>>& readers() const { return readers_; }
    const std::vector<link>& links() const { return links_; }
    void clear() {
        for (auto& s : segments_) s->agent->looked_at.clear();
        readers_.clear();
        links_.clear();
        segments_.clear();
        boundaries_.clear();
        chain_refs_.clear();
        bodies_.clear();
    }

private:
    producer& producer_;
};

}  // namespace weir::detail
