using System.Net;
using DemoVlp.Contracts.Http;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class SearchTests : IAsyncLifetime
{
    private World world = null!;
    private IReadOnlyList<Guid> videos = [];

    public async ValueTask InitializeAsync()
    {
        world = await World.StartAsync();
        await world.ActivateAsync("tiny-1");
        videos = await world.AddIndexedVideosAsync(7);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Search_WhenVideosAreIndexed_AllAreRankedWithEvidenceForEachWord()
    {
        var found = await world.SearchAsync("A red circle moves!");
        Assert.Equal(("A red circle moves!", "tiny-1", false, null), (found.Query, found.ModelVersion, found.Truncated, found.NextCursor));
        Assert.Equal(videos.Order(), found.Items.Select(i => i.VideoId).Order());
        Assert.Equal(found.Items.Select(i => i.Score).OrderDescending(), found.Items.Select(i => i.Score));
        foreach (var hit in found.Items)
        {
            Assert.Equal(hit.GlobalScore + hit.LocalScore, hit.Score, 4);
            Assert.InRange(hit.GlobalScore, -1.0001, 1.0001);
            Assert.InRange(hit.LocalScore, -2.0001, 2.0001);
            Assert.Equal(["a", "red", "circle", "moves"], hit.Evidence.Select(e => e.Word));
            var seed = videos.ToList().IndexOf(hit.VideoId);
            Assert.Equal($"Video {seed}", hit.Title);
            var frames = Regions.Create(seed).Frames;
            Assert.All(hit.Evidence, e => Assert.Contains(frames[e.FrameIndex].Boxes.Chunk(4), box => box.SequenceEqual(e.Box)));
            Assert.All(hit.Evidence, e => Assert.InRange(e.Weight, 0, 1.0001));
            Assert.Equal(frames[hit.Moment!.FrameIndex].TimestampSeconds, hit.Moment.TimestampSeconds);
            Assert.Contains(hit.Evidence, e => e.FrameIndex == hit.Moment.FrameIndex);
        }
    }

    [Fact]
    public async Task Search_WhenReadPageByPage_HitsAreThoseOfOneLongPage()
    {
        var whole = await world.SearchAsync("blue square");
        var pages = new List<SearchHit>();
        string? cursor = null;
        do
        {
            var page = await world.SearchAsync("blue square", limit: 3, cursor);
            Assert.InRange(page.Items.Count, 1, 3);
            pages.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        Assert.Equal(whole.Items.Select(i => (i.VideoId, i.Score)), pages.Select(i => (i.VideoId, i.Score)));
    }

    [Fact]
    public async Task Search_WhenFiltered_OnlyThoseVideosAreFound()
    {
        var some = await world.SearchAsync("dog", filter: new SearchFilter { Videos = [videos[2], videos[5], Guid.NewGuid()] });
        Assert.Equal(new[] { videos[2], videos[5] }.Order(), some.Items.Select(i => i.VideoId).Order());
        var titled = await world.SearchAsync("dog", filter: new SearchFilter { TitleContains = "EO 4" });
        Assert.Equal([videos[4]], titled.Items.Select(i => i.VideoId));
        Assert.Empty((await world.SearchAsync("dog", filter: new SearchFilter { TitleContains = "%" })).Items);
        Assert.Empty((await world.SearchAsync("dog", filter: new SearchFilter { Videos = [] })).Items);
        Assert.Empty((await world.SearchAsync("dog", filter: new SearchFilter { Videos = [videos[2]], TitleContains = "Video 4" })).Items);
    }

    [Fact]
    public async Task Search_WhenTheQueryIsLongerThanTheModelReads_SaysSo()
    {
        Assert.True((await world.SearchAsync(string.Join(' ', Enumerable.Repeat("red circle", 60)))).Truncated);
    }

    [Fact]
    public async Task Search_WhenTheRequestIsWrong_SaysWhatIsWrong()
    {
        await Refused("empty-query", new SearchRequest { Query = " \t" });
        await Refused("empty-query", new SearchRequest());
        await Refused("query-too-long", new SearchRequest { Query = new string('a', 10_001) });
        await Refused("bad-limit", new SearchRequest { Query = "red", Limit = 0 });
        await Refused("bad-limit", new SearchRequest { Query = "red", Limit = 101 });
        await Refused("bad-cursor", new SearchRequest { Query = "red", Cursor = "nonsense!" });
        await Refused("bad-filter", new SearchRequest { Query = "red", Filter = new SearchFilter { Videos = new Guid[1001] } });
        await Refused("bad-filter", new SearchRequest { Query = "red", Filter = new SearchFilter { TitleContains = new string('a', 201) } });
        await Refused("bad-text", new SearchRequest { Query = "r\0ed" });
        await Refused("bad-text", new SearchRequest { Query = "red", Filter = new SearchFilter { TitleContains = "\0" } });
        await Refused("bad-request", new { query = 5 });
        var other = (await world.SearchAsync("red", limit: 2)).NextCursor;
        await Refused("bad-cursor", new SearchRequest { Query = "blue", Cursor = other });
    }

    [Fact]
    public async Task Search_WhenAnotherModelTookOver_TheOldCursorIsRefusedInsteadOfMixingPages()
    {
        var first = await world.SearchAsync("red circle", limit: 2);
        await world.ActivateAsync("tiny-2", seed: 2);
        await world.RefusedAsync(HttpStatusCode.Conflict, "generation-gone", "search", new SearchRequest { Query = "red circle", Cursor = first.NextCursor });
        Assert.Equal("tiny-2", (await world.SearchAsync("red circle")).ModelVersion);
    }

    private Task Refused(string code, object request) => world.RefusedAsync(HttpStatusCode.BadRequest, code, "search", request);
}
