using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.QueryAnswering.Models;
using Microsoft.Extensions.DependencyInjection;

namespace DemoVlp.QueryAnswering.Tests;

public sealed class PrecisionTests
{
    private static readonly int[] Text = [2, 5, 7, 3];

    [Fact]
    public async Task Search_WhenThePrecisionIsBFloat16_UsesTheModelInIt()
    {
        await using var world = await World.StartAsync(precision: "bfloat16");
        await world.ActivateAsync("tiny-1");
        var videos = await world.AddIndexedVideosAsync(3);
        Assert.Equal(videos.Order(), (await world.SearchAsync("red circle")).Items.Select(i => i.VideoId).Order());

        using var lease = await world.Services.GetRequiredService<ModelCache>().RetrievalAsync("models/tiny-1");
        var frames = Regions.Create(0).Frames;
        var used = lease.Model.EmbedVideo(frames).Global;
        var directory = world.Artifacts.GetLocalDirectory("models/tiny-1");
        using RetrievalModel exact = RetrievalModel.Load(directory), rounded = RetrievalModel.Load(directory, precision: ComputePrecision.BFloat16);
        Assert.Equal(rounded.EmbedVideo(frames).Global, used);
        Assert.NotEqual(exact.EmbedVideo(frames).Global, used);
        // Texts are read in float32 all the same.
        Assert.Equal(exact.EmbedText(Text).Global, lease.Model.EmbedText(Text).Global);
    }

    [Fact]
    public async Task Start_WhenThePrecisionIsUnknown_IsRefused() =>
        Assert.Equal("compute-setting-invalid", (await Assert.ThrowsAsync<ComputeSettingException>(() => World.StartAsync(precision: "half"))).Code);
}
