// SPDX-License-Identifier: Apache-2.0
// Containers that public headers use with one type: compiled here, so that the user's files need
// not.
#include <weir/message.hpp>
#include <weir/options.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/segment/produce.hpp>

template class std::vector<weir::header>;
template class std::vector<std::pair<std::string, std::string>>;
template class std::vector<weir::detail::outgoing>;
template class std::vector<weir::detail::source_message>;
