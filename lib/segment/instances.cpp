// SPDX-License-Identifier: Apache-2.0
// Compiles containers of public headers for the types that they are used with, so that users' files
// need not.
#include <weir/message.hpp>
#include <weir/options.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/segment/produce.hpp>

template class std::vector<weir::header>;
template class std::vector<std::pair<std::string, std::string>>;
template class std::vector<weir::detail::outgoing>;
template class std::vector<weir::detail::source_message>;
