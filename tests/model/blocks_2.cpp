// SPDX-License-Identifier: Apache-2.0
#include "blocks.hpp"

std::vector<model::compiled_block> model::blocks_2() {
    using enum op;
    return {
        one_block<scan, through, tap, flat_map, group_by_await, scan>(),
        one_block<tap, group_by, scan, map, await, enumerate>(),
        one_block<tap, process, map, scan, echo, tap>(),
        one_block<tap, tap, through, filter, group_by_await, group_by_await>(),
        one_block<items, process, echo, await, echo, process>(),
        one_block<process, through, items, events, flat_map, flat_map>(),
        one_block<echo, group_by, await, filter, tap, items>(),
        one_block<items, enumerate, map, group_by, enumerate, enumerate>(),
        one_block<process, events, items, items, filter, scan>(),
        one_block<group_by, echo, events, map, enumerate, flat_map>(),
        one_block<scan, group_by, tap, filter, through, scan>(),
        one_block<events, process, await, through, group_by, map>(),
    };
}
