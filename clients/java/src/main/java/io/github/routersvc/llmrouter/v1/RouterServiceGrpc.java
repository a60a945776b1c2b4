package io.github.routersvc.llmrouter.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Routes requests to language models and explains its decisions.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class RouterServiceGrpc {

  private RouterServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "llmrouter.v1.RouterService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.CompleteRequest,
      io.github.routersvc.llmrouter.v1.CompleteResponse> getCompleteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Complete",
      requestType = io.github.routersvc.llmrouter.v1.CompleteRequest.class,
      responseType = io.github.routersvc.llmrouter.v1.CompleteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.CompleteRequest,
      io.github.routersvc.llmrouter.v1.CompleteResponse> getCompleteMethod() {
    io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.CompleteRequest, io.github.routersvc.llmrouter.v1.CompleteResponse> getCompleteMethod;
    if ((getCompleteMethod = RouterServiceGrpc.getCompleteMethod) == null) {
      synchronized (RouterServiceGrpc.class) {
        if ((getCompleteMethod = RouterServiceGrpc.getCompleteMethod) == null) {
          RouterServiceGrpc.getCompleteMethod = getCompleteMethod =
              io.grpc.MethodDescriptor.<io.github.routersvc.llmrouter.v1.CompleteRequest, io.github.routersvc.llmrouter.v1.CompleteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Complete"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.CompleteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.CompleteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RouterServiceMethodDescriptorSupplier("Complete"))
              .build();
        }
      }
    }
    return getCompleteMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.StreamCompleteRequest,
      io.github.routersvc.llmrouter.v1.StreamCompleteResponse> getStreamCompleteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "StreamComplete",
      requestType = io.github.routersvc.llmrouter.v1.StreamCompleteRequest.class,
      responseType = io.github.routersvc.llmrouter.v1.StreamCompleteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.StreamCompleteRequest,
      io.github.routersvc.llmrouter.v1.StreamCompleteResponse> getStreamCompleteMethod() {
    io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.StreamCompleteRequest, io.github.routersvc.llmrouter.v1.StreamCompleteResponse> getStreamCompleteMethod;
    if ((getStreamCompleteMethod = RouterServiceGrpc.getStreamCompleteMethod) == null) {
      synchronized (RouterServiceGrpc.class) {
        if ((getStreamCompleteMethod = RouterServiceGrpc.getStreamCompleteMethod) == null) {
          RouterServiceGrpc.getStreamCompleteMethod = getStreamCompleteMethod =
              io.grpc.MethodDescriptor.<io.github.routersvc.llmrouter.v1.StreamCompleteRequest, io.github.routersvc.llmrouter.v1.StreamCompleteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "StreamComplete"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.StreamCompleteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.StreamCompleteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RouterServiceMethodDescriptorSupplier("StreamComplete"))
              .build();
        }
      }
    }
    return getStreamCompleteMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ExplainRouteRequest,
      io.github.routersvc.llmrouter.v1.ExplainRouteResponse> getExplainRouteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExplainRoute",
      requestType = io.github.routersvc.llmrouter.v1.ExplainRouteRequest.class,
      responseType = io.github.routersvc.llmrouter.v1.ExplainRouteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ExplainRouteRequest,
      io.github.routersvc.llmrouter.v1.ExplainRouteResponse> getExplainRouteMethod() {
    io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ExplainRouteRequest, io.github.routersvc.llmrouter.v1.ExplainRouteResponse> getExplainRouteMethod;
    if ((getExplainRouteMethod = RouterServiceGrpc.getExplainRouteMethod) == null) {
      synchronized (RouterServiceGrpc.class) {
        if ((getExplainRouteMethod = RouterServiceGrpc.getExplainRouteMethod) == null) {
          RouterServiceGrpc.getExplainRouteMethod = getExplainRouteMethod =
              io.grpc.MethodDescriptor.<io.github.routersvc.llmrouter.v1.ExplainRouteRequest, io.github.routersvc.llmrouter.v1.ExplainRouteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExplainRoute"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.ExplainRouteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.ExplainRouteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RouterServiceMethodDescriptorSupplier("ExplainRoute"))
              .build();
        }
      }
    }
    return getExplainRouteMethod;
  }

  private static volatile io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ProviderHealthRequest,
      io.github.routersvc.llmrouter.v1.ProviderHealthResponse> getProviderHealthMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ProviderHealth",
      requestType = io.github.routersvc.llmrouter.v1.ProviderHealthRequest.class,
      responseType = io.github.routersvc.llmrouter.v1.ProviderHealthResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ProviderHealthRequest,
      io.github.routersvc.llmrouter.v1.ProviderHealthResponse> getProviderHealthMethod() {
    io.grpc.MethodDescriptor<io.github.routersvc.llmrouter.v1.ProviderHealthRequest, io.github.routersvc.llmrouter.v1.ProviderHealthResponse> getProviderHealthMethod;
    if ((getProviderHealthMethod = RouterServiceGrpc.getProviderHealthMethod) == null) {
      synchronized (RouterServiceGrpc.class) {
        if ((getProviderHealthMethod = RouterServiceGrpc.getProviderHealthMethod) == null) {
          RouterServiceGrpc.getProviderHealthMethod = getProviderHealthMethod =
              io.grpc.MethodDescriptor.<io.github.routersvc.llmrouter.v1.ProviderHealthRequest, io.github.routersvc.llmrouter.v1.ProviderHealthResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ProviderHealth"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.ProviderHealthRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  io.github.routersvc.llmrouter.v1.ProviderHealthResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RouterServiceMethodDescriptorSupplier("ProviderHealth"))
              .build();
        }
      }
    }
    return getProviderHealthMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static RouterServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouterServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouterServiceStub>() {
        @java.lang.Override
        public RouterServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouterServiceStub(channel, callOptions);
        }
      };
    return RouterServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static RouterServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouterServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouterServiceBlockingV2Stub>() {
        @java.lang.Override
        public RouterServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouterServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return RouterServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static RouterServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouterServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouterServiceBlockingStub>() {
        @java.lang.Override
        public RouterServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouterServiceBlockingStub(channel, callOptions);
        }
      };
    return RouterServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static RouterServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouterServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouterServiceFutureStub>() {
        @java.lang.Override
        public RouterServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouterServiceFutureStub(channel, callOptions);
        }
      };
    return RouterServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Routes requests to language models and explains its decisions.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Answers a prompt. Fails over between deployments within the caller's deadline; a call without a
     * deadline gets the server's default. Errors are described in `errors.proto`.
     * </pre>
     */
    default void complete(io.github.routersvc.llmrouter.v1.CompleteRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.CompleteResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCompleteMethod(), responseObserver);
    }

    /**
     * <pre>
     * Answers a prompt as a stream of events. The client receives nothing, not even headers, before the first
     * content arrives from a provider, so that its own retries stay possible. A stream that ends with `OK` ends
     * with `finished`.
     * </pre>
     */
    default void streamComplete(io.github.routersvc.llmrouter.v1.StreamCompleteRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.StreamCompleteResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getStreamCompleteMethod(), responseObserver);
    }

    /**
     * <pre>
     * Explains how a request would be routed, or how a past one was. Calls no provider and changes no state.
     * </pre>
     */
    default void explainRoute(io.github.routersvc.llmrouter.v1.ExplainRouteRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ExplainRouteResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExplainRouteMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reports the health of the deployments. Calls no provider.
     * </pre>
     */
    default void providerHealth(io.github.routersvc.llmrouter.v1.ProviderHealthRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ProviderHealthResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getProviderHealthMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service RouterService.
   * <pre>
   * Routes requests to language models and explains its decisions.
   * </pre>
   */
  public static abstract class RouterServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return RouterServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service RouterService.
   * <pre>
   * Routes requests to language models and explains its decisions.
   * </pre>
   */
  public static final class RouterServiceStub
      extends io.grpc.stub.AbstractAsyncStub<RouterServiceStub> {
    private RouterServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouterServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouterServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Answers a prompt. Fails over between deployments within the caller's deadline; a call without a
     * deadline gets the server's default. Errors are described in `errors.proto`.
     * </pre>
     */
    public void complete(io.github.routersvc.llmrouter.v1.CompleteRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.CompleteResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCompleteMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Answers a prompt as a stream of events. The client receives nothing, not even headers, before the first
     * content arrives from a provider, so that its own retries stay possible. A stream that ends with `OK` ends
     * with `finished`.
     * </pre>
     */
    public void streamComplete(io.github.routersvc.llmrouter.v1.StreamCompleteRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.StreamCompleteResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getStreamCompleteMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Explains how a request would be routed, or how a past one was. Calls no provider and changes no state.
     * </pre>
     */
    public void explainRoute(io.github.routersvc.llmrouter.v1.ExplainRouteRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ExplainRouteResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getExplainRouteMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reports the health of the deployments. Calls no provider.
     * </pre>
     */
    public void providerHealth(io.github.routersvc.llmrouter.v1.ProviderHealthRequest request,
        io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ProviderHealthResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getProviderHealthMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service RouterService.
   * <pre>
   * Routes requests to language models and explains its decisions.
   * </pre>
   */
  public static final class RouterServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<RouterServiceBlockingV2Stub> {
    private RouterServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouterServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouterServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Answers a prompt. Fails over between deployments within the caller's deadline; a call without a
     * deadline gets the server's default. Errors are described in `errors.proto`.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.CompleteResponse complete(io.github.routersvc.llmrouter.v1.CompleteRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCompleteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers a prompt as a stream of events. The client receives nothing, not even headers, before the first
     * content arrives from a provider, so that its own retries stay possible. A stream that ends with `OK` ends
     * with `finished`.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, io.github.routersvc.llmrouter.v1.StreamCompleteResponse>
        streamComplete(io.github.routersvc.llmrouter.v1.StreamCompleteRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getStreamCompleteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Explains how a request would be routed, or how a past one was. Calls no provider and changes no state.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.ExplainRouteResponse explainRoute(io.github.routersvc.llmrouter.v1.ExplainRouteRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getExplainRouteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reports the health of the deployments. Calls no provider.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.ProviderHealthResponse providerHealth(io.github.routersvc.llmrouter.v1.ProviderHealthRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getProviderHealthMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service RouterService.
   * <pre>
   * Routes requests to language models and explains its decisions.
   * </pre>
   */
  public static final class RouterServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<RouterServiceBlockingStub> {
    private RouterServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouterServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouterServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Answers a prompt. Fails over between deployments within the caller's deadline; a call without a
     * deadline gets the server's default. Errors are described in `errors.proto`.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.CompleteResponse complete(io.github.routersvc.llmrouter.v1.CompleteRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCompleteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Answers a prompt as a stream of events. The client receives nothing, not even headers, before the first
     * content arrives from a provider, so that its own retries stay possible. A stream that ends with `OK` ends
     * with `finished`.
     * </pre>
     */
    public java.util.Iterator<io.github.routersvc.llmrouter.v1.StreamCompleteResponse> streamComplete(
        io.github.routersvc.llmrouter.v1.StreamCompleteRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getStreamCompleteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Explains how a request would be routed, or how a past one was. Calls no provider and changes no state.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.ExplainRouteResponse explainRoute(io.github.routersvc.llmrouter.v1.ExplainRouteRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getExplainRouteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reports the health of the deployments. Calls no provider.
     * </pre>
     */
    public io.github.routersvc.llmrouter.v1.ProviderHealthResponse providerHealth(io.github.routersvc.llmrouter.v1.ProviderHealthRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getProviderHealthMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service RouterService.
   * <pre>
   * Routes requests to language models and explains its decisions.
   * </pre>
   */
  public static final class RouterServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<RouterServiceFutureStub> {
    private RouterServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouterServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouterServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Answers a prompt. Fails over between deployments within the caller's deadline; a call without a
     * deadline gets the server's default. Errors are described in `errors.proto`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.github.routersvc.llmrouter.v1.CompleteResponse> complete(
        io.github.routersvc.llmrouter.v1.CompleteRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCompleteMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Explains how a request would be routed, or how a past one was. Calls no provider and changes no state.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.github.routersvc.llmrouter.v1.ExplainRouteResponse> explainRoute(
        io.github.routersvc.llmrouter.v1.ExplainRouteRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getExplainRouteMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reports the health of the deployments. Calls no provider.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<io.github.routersvc.llmrouter.v1.ProviderHealthResponse> providerHealth(
        io.github.routersvc.llmrouter.v1.ProviderHealthRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getProviderHealthMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_COMPLETE = 0;
  private static final int METHODID_STREAM_COMPLETE = 1;
  private static final int METHODID_EXPLAIN_ROUTE = 2;
  private static final int METHODID_PROVIDER_HEALTH = 3;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_COMPLETE:
          serviceImpl.complete((io.github.routersvc.llmrouter.v1.CompleteRequest) request,
              (io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.CompleteResponse>) responseObserver);
          break;
        case METHODID_STREAM_COMPLETE:
          serviceImpl.streamComplete((io.github.routersvc.llmrouter.v1.StreamCompleteRequest) request,
              (io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.StreamCompleteResponse>) responseObserver);
          break;
        case METHODID_EXPLAIN_ROUTE:
          serviceImpl.explainRoute((io.github.routersvc.llmrouter.v1.ExplainRouteRequest) request,
              (io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ExplainRouteResponse>) responseObserver);
          break;
        case METHODID_PROVIDER_HEALTH:
          serviceImpl.providerHealth((io.github.routersvc.llmrouter.v1.ProviderHealthRequest) request,
              (io.grpc.stub.StreamObserver<io.github.routersvc.llmrouter.v1.ProviderHealthResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCompleteMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.github.routersvc.llmrouter.v1.CompleteRequest,
              io.github.routersvc.llmrouter.v1.CompleteResponse>(
                service, METHODID_COMPLETE)))
        .addMethod(
          getStreamCompleteMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              io.github.routersvc.llmrouter.v1.StreamCompleteRequest,
              io.github.routersvc.llmrouter.v1.StreamCompleteResponse>(
                service, METHODID_STREAM_COMPLETE)))
        .addMethod(
          getExplainRouteMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.github.routersvc.llmrouter.v1.ExplainRouteRequest,
              io.github.routersvc.llmrouter.v1.ExplainRouteResponse>(
                service, METHODID_EXPLAIN_ROUTE)))
        .addMethod(
          getProviderHealthMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              io.github.routersvc.llmrouter.v1.ProviderHealthRequest,
              io.github.routersvc.llmrouter.v1.ProviderHealthResponse>(
                service, METHODID_PROVIDER_HEALTH)))
        .build();
  }

  private static abstract class RouterServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    RouterServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return io.github.routersvc.llmrouter.v1.RouterServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("RouterService");
    }
  }

  private static final class RouterServiceFileDescriptorSupplier
      extends RouterServiceBaseDescriptorSupplier {
    RouterServiceFileDescriptorSupplier() {}
  }

  private static final class RouterServiceMethodDescriptorSupplier
      extends RouterServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    RouterServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (RouterServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new RouterServiceFileDescriptorSupplier())
              .addMethod(getCompleteMethod())
              .addMethod(getStreamCompleteMethod())
              .addMethod(getExplainRouteMethod())
              .addMethod(getProviderHealthMethod())
              .build();
        }
      }
    }
    return result;
  }
}
