//! Where frameworks publish a description of themselves.

/// Paths that are looked at for `--spec auto`, the more common ones first.
pub const USUAL_PLACES: [&str; 16] = [
    "/openapi.json",            // FastAPI, Litestar, huma
    "/swagger.json",            // flask-restx, many others
    "/v3/api-docs",             // springdoc
    "/documentation/json",      // Fastify
    "/api-json",                // NestJS under /api
    "/docs-json",               // NestJS under /docs
    "/swagger/v1/swagger.json", // ASP.NET with Swashbuckle
    "/openapi/v1.json",         // ASP.NET since 9
    "/swagger/doc.json",        // swag for Go
    "/api/openapi.json",
    "/api/swagger.json",
    "/api/schema/", // drf-spectacular
    "/q/openapi",   // Quarkus
    "/v2/api-docs", // springfox
    "/openapi.yaml",
    "/swagger.yaml",
];
