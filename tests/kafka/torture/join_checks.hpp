// SPDX-License-Identifier: Apache-2.0
// What came out of joins is compared with what the topics and the group's commits say.
#pragma once
#include <vector>

#include "history.hpp"

namespace tests::torture {

void check_join(const evidence&, const table_join&, std::vector<fact>&);
void check_join(const evidence&, const owners&, const stream_join&, std::vector<fact>&);

}  // namespace tests::torture
