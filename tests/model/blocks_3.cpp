// SPDX-License-Identifier: Apache-2.0
#include "blocks.hpp"

std::vector<model::compiled_block> model::blocks_3() {
    using enum op;
    return {
        one_block<await, map, process, process, scan, await>(),
        one_block<events, events, await, group_by, through, map>(),
        one_block<echo, flat_map, group_by, filter, group_by, process>(),
        one_block<through, through, process, flat_map, events, tap>(),
        one_block<group_by, flat_map, echo, scan, tap, enumerate>(),
        one_block<group_by_await, flat_map, await, group_by_await, enumerate, items>(),
        one_block<through, group_by_await, filter, echo, map, map>(),
        one_block<through, flat_map, scan, group_by_await, events, filter>(),
        one_block<scan, flat_map, map, group_by_await, await, events>(),
        one_block<map, through, echo, group_by_await, through>(),
        one_block<flat_map, process, group_by, group_by, group_by_await>(),
        one_block<map, events, take, tap, parts, enumerate>(),
    };
}
