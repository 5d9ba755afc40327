// SPDX-License-Identifier: Apache-2.0
#include <weir/state/shard_of.hpp>

#include <weir/error.hpp>
#include <weir/graph/topic_info.hpp>

namespace weir::detail {

std::size_t table_info::input_of(const std::string& topic) const {
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i]->name == topic) return i;
    throw error{"weir: table '" + name + "' is changed by a message of '" + topic +
                "', but its agent's last operator works on another topic: a table is changed "
                "behind the agent's last through or group_by, or by an agent that ends there"};
}

message_in_body message_in_work(const table_info& t) {
    if (!t.bodies)
        throw error{"weir: table '" + t.name +
                    "' is changed while the app does not run: only a message that is being "
                    "processed changes a table"};
    const auto* c = t.bodies->message_for(t);
    if (!c) return {nullptr, 0};
    return {c, t.input_of(c->partition()->topic)};
}

}  // namespace weir::detail
