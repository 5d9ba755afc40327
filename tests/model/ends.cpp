// SPDX-License-Identifier: Apache-2.0
#include "blocks.hpp"
#include "shapes.hpp"

namespace model {

const std::vector<compiled_end>& compiled_ends() {
    using enum op;
    static const std::vector<compiled_end> all{
        one_end<each>(),
        one_end<map, each>(),
        one_end<filter, each>(),
        one_end<flat_map, each>(),
        one_end<scan, each>(),
        one_end<enumerate, each>(),
        one_end<items, each>(),
        one_end<process, each>(),
        one_end<await, each>(),
        one_end<group_by, each>(),
        one_end<group_by_await, each>(),
        one_end<through, each>(),
        one_end<echo, each>(),
        one_end<take, parts, each>(),
        one_end<take, each_batch>(),
        one_end<take, tap, each_batch>(),
        one_end<events, each_event>(),
        one_end<events, filter, each_event>(),
        one_end<events, tap, each_event>(),
        one_end<flat_map, events, each_event>(),
        one_end<await, events, each_event>(),
        one_end<take, parts, events, each_event>(),
        one_end<events, noack, by_hand>(),
        one_end<events, filter, noack, by_hand>(),
        one_end<events, noack, filter, by_hand>(),
        one_end<flat_map, events, noack, by_hand>(),
        one_end<await, events, noack, by_hand>(),
        one_end<to>(),
        one_end<map, to>(),
        one_end<filter, to>(),
        one_end<flat_map, to>(),
        one_end<scan, to>(),
        one_end<process, to>(),
        one_end<await, to>(),
        one_end<echo, to>(),
        one_end<take, parts, to>(),
        one_end<to_chosen>(),
        one_end<flat_map, to_chosen>(),
        one_end<await, to_chosen>(),
        one_end<send>(),
        one_end<flat_map, send>(),
        one_end<through>(),
        one_end<group_by>(),
        one_end<group_by_await>(),
        one_end<echo>(),
        one_end<>(),
        one_body<>(),
        one_body<map>(),
        one_body<flat_map>(),
        one_body<await>(),
        one_body<events>(),
    };
    return all;
}

const std::vector<compiled_block>& compiled_blocks() {
    static const auto all = [] {
        std::vector<compiled_block> them;
        for (auto part : {blocks_1(), blocks_2(), blocks_3(), blocks_4()})
            them.insert(them.end(), part.begin(), part.end());
        return them;
    }();
    return all;
}

const std::vector<std::vector<op>>& blocks() {
    static const auto all = [] {
        std::vector<std::vector<op>> them;
        for (auto& b : compiled_blocks()) them.push_back(b.ops);
        return them;
    }();
    return all;
}
const std::vector<std::vector<op>>& ends() {
    static const auto all = [] {
        std::vector<std::vector<op>> them;
        for (auto& e : compiled_ends()) them.push_back(e.ops);
        return them;
    }();
    return all;
}

}  // namespace model
