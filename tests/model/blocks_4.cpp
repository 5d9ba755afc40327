// SPDX-License-Identifier: Apache-2.0
#include "blocks.hpp"

std::vector<model::compiled_block> model::blocks_4() {
    using enum op;
    return {
        one_block<group_by, items, take, parts, await, scan>(),
        one_block<enumerate, take, parts, map, echo, enumerate>(),
        one_block<map, take, parts, group_by_await, group_by, events>(),
        one_block<scan, take, tap, parts, scan, items>(),
        one_block<group_by_await, tap, take, parts, echo, items>(),
        one_block<process, take, parts, items, map, items>(),
        one_block<group_by_await, take, parts, process, through, enumerate>(),
        one_block<group_by, take, parts, flat_map, take, parts>(),
        one_block<echo, take, parts, events, scan, events>(),
        one_block<await, take, parts, through, take, parts>(),
        one_block<process, group_by_await, items, take, parts, filter>(),
        one_block<map, take, parts, take, parts, group_by>(),
    };
}
