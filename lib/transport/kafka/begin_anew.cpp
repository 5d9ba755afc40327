// SPDX-License-Identifier: Apache-2.0
// Deletes what an app has at a broker, so that it begins anew.
#include "kafka.hpp"
#include "producer.hpp"
#include "topics.hpp"

namespace weir::transport::kafka {

void begin_anew(const connect_options& o, const reset_request& what) {
    configuration from{o};
    problems wrong{};
    ready_list ready{};
    producer made{from, wrong, ready, 0};
    topics all{made, wrong, o};
    all.forget_commits(o.group, what.commits);  // first: it is refused while the app runs
    all.remove(what.topics);
}

}  // namespace weir::transport::kafka
