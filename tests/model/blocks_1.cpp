// SPDX-License-Identifier: Apache-2.0
#include "blocks.hpp"

std::vector<model::compiled_block> model::blocks_1() {
    using enum op;
    return {
        one_block<filter, enumerate, filter, take, parts, tap>(),
        one_block<tap, map, filter, process, group_by_await, map>(),
        one_block<filter, flat_map, tap, echo, echo, filter>(),
        one_block<group_by_await, echo, through, events, enumerate, scan>(),
        one_block<process, items, flat_map, filter, items, tap>(),
        one_block<filter, await, items, scan, enumerate, events>(),
        one_block<enumerate, await, await, process, enumerate, process>(),
        one_block<flat_map, through, await, flat_map, items, await>(),
        one_block<scan, scan, filter, map, tap, scan>(),
        one_block<process, tap, await, tap, group_by_await, process>(),
        one_block<items, map, flat_map, enumerate, tap, events>(),
        one_block<filter, filter, events, scan, process, filter>(),
    };
}
