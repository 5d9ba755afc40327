// SPDX-License-Identifier: Apache-2.0
// For a build without RocksDB.
#include "../disk_store.hpp"

namespace weir::detail {

std::unique_ptr<disk_stores> disk_stores::make(std::size_t) { return {}; }

}  // namespace weir::detail
