using DemoVlp.Catalog.Tests.Hosting;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.Catalog.Tests;

public sealed class DescriptionTests(CatalogFixture fixture) : IClassFixture<CatalogFixture>
{
    [Fact]
    public async Task OpenApi_WhenItIsGenerated_DescribesEveryCallAndTheFormOfTheUpload()
    {
        var document = await fixture.Host.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>("v1").GetOpenApiDocumentAsync(TestContext.Current.CancellationToken);

        var calls = document.Paths.SelectMany(path => path.Value.Operations!.Select(operation => (Call: $"{operation.Key} {path.Key}", Operation: operation.Value))).ToArray();
        Assert.Equal(
            [
                "DELETE /api/v1/videos/{id}", "GET /api/v1/regions/re-extraction", "GET /api/v1/videos", "GET /api/v1/videos/{id}", "GET /api/v1/videos/{id}/content", "GET /api/v1/videos/{id}/events",
                "GET /api/v1/videos/{id}/frames/{index}", "GET /api/v1/videos/{id}/regions", "POST /api/v1/regions/re-extraction", "POST /api/v1/videos", "POST /api/v1/videos/{id}/retry", "PUT /api/v1/videos/{id}/captions",
            ],
            calls.Select(call => call.Call).Order(StringComparer.Ordinal));
        Assert.All(calls, call => Assert.NotEmpty(call.Operation.OperationId + call.Operation.Summary));
        var form = calls.Single(call => call.Call == "POST /api/v1/videos").Operation.RequestBody!.Content!["multipart/form-data"].Schema!;
        Assert.Equal(["caption", "file", "title"], form.Properties!.Keys.Order());
    }
}
