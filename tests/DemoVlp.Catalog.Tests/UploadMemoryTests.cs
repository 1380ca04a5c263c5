using System.Net;
using DemoVlp.Catalog.Tests.Hosting;

namespace DemoVlp.Catalog.Tests;

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Alone, because what others allocate would be counted too.</summary>
[Collection(nameof(Alone))]
public sealed class UploadMemoryTests
{
    [Fact]
    public async Task Upload_WhenTheFileHas300Megabytes_DoesNotHoldItInMemory()
    {
        const long length = 300L << 20;
        await using var host = new CatalogHost(kestrel: true);
        using var client = host.Client();
        await client.UploadedAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var file = new GeneratedContent(length, TestContext.Current.CancellationToken);
        using var form = new MultipartFormDataContent { { file, "file", "large.mp4" } };

        var upload = client.UploadAsync(form);
        long most = 0;
        while (!upload.IsCompleted)
        {
            await Task.WhenAny(upload, Task.Delay(100, TestContext.Current.CancellationToken));
            // Only what is alive counts: garbage comes and goes.
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        using var response = await upload;
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(length, (await response.VideoAsync()).Bytes);
        Assert.InRange(most, long.MinValue, 16L << 20);
    }
}
