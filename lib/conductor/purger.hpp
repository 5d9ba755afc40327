// SPDX-License-Identifier: Apache-2.0
// Has the broker delete what is committed of internal topics, which are never deleted by their age.
#pragma once
#include <map>
#include <vector>

#include <weir/transport/transport.hpp>

#include "committer.hpp"
#include "settings.hpp"

namespace weir::detail {

/// Made for one run, used on the loop's thread. It asks and does not wait. A partition has its turn
/// at most once in `interval`, and only if `least` messages or more can go.
class purger {
public:
    purger(transport::transport& t, const settings& s) : transport_(t), settings_(s) {}

    /// The broker has these commits. The partitions know it already.
    void committed(const owned_partitions&, const std::vector<transport::position>&,
                   time_point now);

private:
    static constexpr auto interval = std::chrono::seconds{30};
    static constexpr offset least = 5000;
    struct state {
        offset upto = 0;  // in an earlier run more may have been deleted
        time_point next = time_point::min();
    };

    transport::transport& transport_;
    const settings& settings_;
    std::map<topic_partition, state> all_{};
};

}  // namespace weir::detail
