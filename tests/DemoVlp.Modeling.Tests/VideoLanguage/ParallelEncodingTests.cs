using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Collection(nameof(ComputeSettings))]
public sealed class ParallelEncodingTests
{
    [Fact]
    public void Forward_OfEvenWork_UsesTwoThreadsAndGivesTheGradientsOfOne()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (rand(3, 3).requires_grad_(), rand(3, 3).requires_grad_());
        var on = new Thread?[3];
        using var parallel = new ParallelEncoding();
        Encoding[] encodings = [Encode(0, () => a.mul(2), 1), Encode(1, () => a.mul(b), 2), Encode(2, () => b.exp(), 1)];

        var outputs = parallel.Forward(encodings, ComputePrecision.Float32);
        outputs.Select(o => o[0].sum()).Aggregate((x, y) => x.add(y)).backward();
        parallel.Backward();
        parallel.End();

        Assert.Equal(2, on.Distinct().Count());
        Assert.Equal(Thread.CurrentThread, on[1]);
        Assert.True(a.grad!.allclose(b.add(2)));
        Assert.True(b.grad!.allclose(a.add(b.exp())));

        Encoding Encode(int i, Func<Tensor> forward, double work) => new(() =>
        {
            on[i] = Thread.CurrentThread;
            return [forward()];
        }, work, Draws: false);
    }

    [Fact]
    public void Forward_WhereOnePartIsNearlyAll_StaysOnTheStepsThread()
    {
        using var scope = NewDisposeScope();
        var on = new HashSet<Thread>();
        using var parallel = new ParallelEncoding();
        parallel.Forward([Encode(10), Encode(1)], ComputePrecision.Float32);
        parallel.End();
        Assert.Equal([Thread.CurrentThread], on);

        Encoding Encode(double work) => new(() =>
        {
            on.Add(Thread.CurrentThread);
            return [ones(1)];
        }, work, Draws: false);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Forward_WhenAHalfFails_SaysSoAndGoesOn(int failing)
    {
        using var scope = NewDisposeScope();
        using var parallel = new ParallelEncoding();
        Encoding Encode(int i, bool fails) => new(() => fails && i == failing ? throw new InvalidOperationException("no memory") : [ones(2).requires_grad_()], 1, Draws: false);

        Assert.Equal("no memory", Assert.Throws<InvalidOperationException>(() => parallel.Forward([Encode(0, true), Encode(1, true)], ComputePrecision.Float32)).Message);
        parallel.End();
        Assert.Equal(2, parallel.Forward([Encode(0, false), Encode(1, false)], ComputePrecision.Float32).Length);
        parallel.Backward(); // Nothing reached the copies.
        parallel.End();
    }

    [Fact]
    public void Forward_WithTwoThreadsOfTorch_ComputesWithOneOnEachAndLeavesTheNumberAsItWas()
    {
        // On a thread of its own: the numbers stay with a thread.
        var (inside, after, fresh) = (new int[2], 0, 0);
        OnNewThread(() =>
        {
            var before = get_num_threads();
            set_num_threads(2);
            using (var scope = NewDisposeScope())
            using (var parallel = new ParallelEncoding())
            {
                Encoding Encode(int i) => new(() =>
                {
                    inside[i] = get_num_threads();
                    return [ones(1)];
                }, 1, Draws: false);
                parallel.Forward([Encode(0), Encode(1)], ComputePrecision.Float32);
                OnNewThread(() => fresh = get_num_threads());
                parallel.End();
                after = get_num_threads();
            }
            set_num_threads(before);
        });
        Assert.Equal([1, 1, 2, 2], [.. inside, after, fresh]);
    }

    private static void OnNewThread(Action act)
    {
        var thread = new Thread(() => act());
        thread.Start();
        thread.Join();
    }
}
